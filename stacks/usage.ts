/** Usage in AWS: exactly its surface. */
import { surface } from '@gatehouse/usage/surface';
import { deploy } from './capability.ts';

deploy(surface);
