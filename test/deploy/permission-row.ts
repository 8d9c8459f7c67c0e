import type { Config } from '../../src/config.ts';
import type { stackNames } from '../../src/core/names.ts';
import type { Account } from './rights.ts';

export type Subject = { name: string; config: Config; account: Account; names: ReturnType<typeof stackNames> };

export type PermissionRow = { of: string[] | 'all'; actions: string[]; arns: string[]; why: string };
