/** People in AWS: exactly its surface. */
import { surface } from '@gatehouse/people/surface';
import { deploy } from './capability.ts';

deploy(surface);
