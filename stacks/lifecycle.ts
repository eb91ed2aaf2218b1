/** Lifecycle in AWS: exactly its surface. */
import { surface } from '@gatehouse/lifecycle/surface';
import { deploy } from './capability.ts';

deploy(surface);
