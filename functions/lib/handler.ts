import { awsPorts } from '../../src/wire-aws.ts';
import { handlersOver } from './handlers.ts';

/** A handler over the ports of the DR stack. */
export const handler = handlersOver(awsPorts);
