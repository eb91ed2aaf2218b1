/** Keys in AWS: exactly its surface. */
import { surface } from '@gatehouse/keys/surface';
import { deploy } from './capability.ts';

deploy(surface);
