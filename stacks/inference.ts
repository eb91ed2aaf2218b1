/** Inference in AWS: exactly its surface. */
import { surface } from '@gatehouse/inference/surface';
import { deploy } from './capability.ts';

deploy(surface);
