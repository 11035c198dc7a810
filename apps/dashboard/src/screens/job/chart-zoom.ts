// Zooming of a chart to a part of its steps: by dragging with a mouse or a finger; a double click shows all.
import type uPlot from 'uplot';

/** The first and the last step that are shown. */
export type Zoom = readonly [from: number, to: number];

/** A shorter movement is a click. */
const LEAST = 8;
const NONE = { left: 0, top: 0, width: 0, height: 0 };

/** Part of uPlot's options: dragging selects, and the page decides what is shown. */
export const dragOptions = (onZoom: (zoom: Zoom | null) => void): Pick<uPlot.Cursor, 'drag' | 'bind'> => ({
  drag: { x: true, y: false, setScale: false },
  bind: {
    dblclick: () => () => {
      onZoom(null);
      return null;
    },
  },
});

export function takeSelection(u: uPlot, onZoom: (zoom: Zoom | null) => void): void {
  const { left, width } = u.select;
  if (width < LEAST) return;
  u.setSelect(NONE, false);
  const [from, to] = [left, left + width].map((place) => Math.round(u.posToVal(place, 'x')));
  if (to! > from!) onZoom([from!, to!]);
}

/** A finger that moves sideways selects; up and down, it scrolls the page. */
export function selectByTouch(u: uPlot): void {
  const { over } = u;
  let start: number | null = null;
  const place = ({ clientX }: PointerEvent) => Math.min(over.clientWidth, Math.max(0, clientX - over.getBoundingClientRect().left));
  over.style.touchAction = 'pan-y';
  over.addEventListener('pointerdown', (event) => {
    start = event.pointerType === 'touch' && event.isPrimary ? place(event) : null;
  });
  over.addEventListener('pointermove', (event) => {
    if (start === null || !event.isPrimary) return;
    const at = place(event);
    u.setSelect({ left: Math.min(start, at), top: 0, width: Math.abs(at - start), height: over.clientHeight }, false);
  });
  over.addEventListener('pointerup', (event) => {
    if (start !== null && event.isPrimary) u.setSelect({ ...u.select }, true);
    start = null;
  });
  over.addEventListener('pointercancel', () => {
    start = null;
    u.setSelect(NONE, false);
  });
}

/** Shows the data, and of it the part that is zoomed to: new data alone would show all of it. */
export function showData(u: uPlot, data: uPlot.AlignedData, zoom: Zoom | null): void {
  u.batch(() => {
    u.setData(data);
    if (zoom) u.setScale('x', { min: zoom[0], max: zoom[1] });
  });
}
