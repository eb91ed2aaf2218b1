/** Policy in AWS: exactly its surface. */
import { surface } from '@gatehouse/policy/surface';
import { deploy } from './capability.ts';

deploy(surface);
