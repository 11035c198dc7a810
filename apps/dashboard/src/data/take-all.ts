// Reads the items of a paged list, up to the number that a screen shows.
export async function takeAll<Item>(list: AsyncIterable<Item>, limit = 500): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of list) if (items.push(item) >= limit) break;
  return items;
}
