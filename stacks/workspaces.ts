/** Workspaces in AWS: exactly its surface. */
import { surface } from '@gatehouse/workspaces/surface';
import { deploy } from './capability.ts';

deploy(surface);
