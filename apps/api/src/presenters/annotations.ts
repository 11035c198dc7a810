// Presents name, notes, metadata and star of a row as part of its response body.
type NotesRow = { notes: string; starred: boolean; metadata: unknown };
type Notes = { notes: string; starred: boolean; metadata: Record<string, string> };

/** Notes, star and metadata of a row. The metadata needs no check, because only validated requests write it. */
export const presentNotes = ({ notes, starred, metadata }: NotesRow): Notes => ({
  notes,
  starred,
  metadata: metadata as Record<string, string>,
});

export const presentAnnotations = (row: NotesRow & { name: string | null }): Notes & { name: string | null } => ({
  name: row.name,
  ...presentNotes(row),
});
