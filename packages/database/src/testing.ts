// For tests only: the Prisma client of a database, to create and inspect rows that no repository has a method for.
export { clientOf } from './create-database.ts';
export { fairOrder } from './repositories/work/fair-order.ts';
export { Prisma } from './generated/client.ts';
