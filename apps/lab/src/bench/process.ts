// What every benchmark of the engine does: print lines of JSON, read the clock and the peak of its memory.
export const print = (figure: Record<string, unknown>): void => console.log(JSON.stringify(figure));

export const secondsSince = (start: number): number => Number(((performance.now() - start) / 1000).toFixed(2));

export const peakGibibytes = (): number => Number((process.resourceUsage().maxRSS / 2 ** 20).toFixed(2));
