// Links to reports for people without a key: a random token, shown once and stored as a SHA-256, with or without an expiry date.
import { createHash, randomBytes } from 'node:crypto';
import type { ReportShare } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';

export type ReportShareRow = Omit<ReportShare, 'tokenHash'>;
export type NewReportShare = { id?: string | undefined; projectId: string; evaluationId: string; days: number | null };

const TOKEN_BYTES = 32;
const HINT_LENGTH = 6;
const DAY_MS = 86_400_000;

export function createReportShareRepository(prisma: PrismaClient) {
  return {
    /** Creates a link, and removes expired ones. Only this result contains the token. */
    async create({
      id = newId('reportShare'),
      projectId,
      evaluationId,
      days,
    }: NewReportShare): Promise<{ token: string; row: ReportShareRow }> {
      const now = new Date();
      await prisma.reportShare.deleteMany({ where: { expiresAt: { lte: now } } });
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const secret = { tokenHash: hash(token), tokenHint: token.slice(0, HINT_LENGTH) };
      const expiresAt = days === null ? null : new Date(now.getTime() + days * DAY_MS);
      // A repeated request of one that died replaces the row, because nobody has seen the first token.
      const row = await prisma.reportShare.upsert({
        where: { id },
        create: { id, projectId, evaluationId, expiresAt, ...secret },
        update: secret,
      });
      return { token, row: toRow(row) };
    },

    /** The report of a link; null if the link is unknown, revoked or expired. */
    async resolve(token: string): Promise<{ projectId: string; evaluationId: string } | null> {
      const row = await prisma.reportShare.findUnique({ where: { tokenHash: hash(token) } });
      return row === null || (row.expiresAt !== null && row.expiresAt <= new Date()) ? null : row;
    },

    /** Valid links, newest first. */
    async list(evaluationId: string, page: PageRequest): Promise<RowPage<ReportShareRow>> {
      const { where, ...rest } = pageArguments(page);
      const works = { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] };
      return toPage((await prisma.reportShare.findMany({ ...rest, where: { ...where, ...works, evaluationId } })).map(toRow), page.limit);
    },

    /** Revokes one link, or all links of the report. Returns how many were valid. */
    async revoke(evaluationId: string, id?: string): Promise<number> {
      return (await prisma.reportShare.deleteMany({ where: { evaluationId, ...(id !== undefined && { id }) } })).count;
    },
  };
}

/** The row without its hash, which does not leave this file. */
const toRow = ({ tokenHash: _tokenHash, ...row }: ReportShare): ReportShareRow => row;

// A token has 256 random bits, so a plain hash cannot be reversed by search.
const hash = (token: string): string => createHash('sha256').update(token).digest('hex');
