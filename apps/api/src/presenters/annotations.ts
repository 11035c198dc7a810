// What people keep of a thing, as part of its response body.
type NotesRow = { notes: string; starred: boolean; metadata: unknown };
type Notes = { notes: string; starred: boolean; metadata: Record<string, string> };

/** The notes of a row. Only requests that were checked write the metadata. */
export const presentNotes = ({ notes, starred, metadata }: NotesRow): Notes => ({
  notes,
  starred,
  metadata: metadata as Record<string, string>,
});

export const presentAnnotations = (row: NotesRow & { name: string | null }): Notes & { name: string | null } => ({
  name: row.name,
  ...presentNotes(row),
});
