/** Access in AWS: exactly its surface. */
import { surface } from '@gatehouse/access/surface';
import { deploy } from './capability.ts';

deploy(surface);
