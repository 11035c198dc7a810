// For tests alone: the Prisma client behind a database, to set up and look at rows that no repository has a method for.
export { clientOf } from './create-database.ts';
export { fairOrder } from './repositories/work/fair-order.ts';
export { Prisma } from './generated/client.ts';
