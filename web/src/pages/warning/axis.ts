// The time axis of the three flows: true to scale where something happens, long silences cut and marked.

export interface Cut {
  x: number;
  /** How much silence is not drawn, in milliseconds. */
  left_out: number;
}

export interface Tick {
  x: number;
  at: number;
}

export interface Axis {
  /** Where an instant stands, in pixels. */
  x: (at: number) => number;
  cuts: Cut[];
  ticks: Tick[];
}

interface Span {
  at: number;
  until: number;
}

const CUT_PX = 36;
const MINUTE = 60_000;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((m) => m * MINUTE);
const TICK_PX = 64;

interface Piece extends Span {
  from: number;
  to: number;
  cut: boolean;
}

/** An axis over the spans, ending at `end`, between two edges in pixels. */
export function axisOf(spans: readonly Span[], end: number, left: number, right: number): Axis {
  const pieces = piecesOf(spans, end);
  const cut = pieces.filter((p) => p.cut).length;
  const drawn = pieces.reduce((sum, p) => sum + (p.cut ? 0 : p.until - p.at), 0);
  const room = Math.max(60, right - left - cut * CUT_PX);
  let at = left;
  for (const piece of pieces) {
    piece.from = at;
    at += piece.cut ? CUT_PX : (room * (piece.until - piece.at)) / Math.max(1, drawn);
    piece.to = at;
  }
  const x = (instant: number): number => {
    const piece = pieces.find((p) => instant <= p.until) ?? pieces.at(-1);
    if (!piece) return left;
    const part = (instant - piece.at) / Math.max(1, piece.until - piece.at);
    return piece.from + Math.max(0, Math.min(1, part)) * (piece.to - piece.from);
  };
  const cuts = pieces.filter((p) => p.cut).map((p) => ({ x: (p.from + p.to) / 2, left_out: p.until - p.at }));
  return { x, cuts, ticks: ticksOf(pieces, room / Math.max(1, drawn)) };
}

/** The line of time in pieces: a silence is cut when it is long and longer than the rest deserves. */
function piecesOf(spans: readonly Span[], end: number): Piece[] {
  const covered = spans.map((s) => ({ at: s.at, until: Math.max(s.at, Math.min(s.until, end)) })).sort((a, b) => a.at - b.at);
  const first = covered[0]?.at ?? end - 30 * MINUTE;
  const silences: Span[] = [];
  let heard = first;
  for (const span of [...covered, { at: end, until: end }]) {
    if (span.at > heard) silences.push({ at: heard, until: span.at });
    heard = Math.max(heard, span.until);
  }
  const whole = Math.max(MINUTE, end - first);
  const long = silences.filter((s) => s.until - s.at > Math.max(20 * MINUTE, whole / 5));
  const margin = 2 * MINUTE;
  const pieces: Piece[] = [];
  let at = Math.min(first, end - MINUTE) - whole * 0.02;
  for (const silence of long) {
    pieces.push(piece(at, silence.at + margin, false), piece(silence.at + margin, silence.until - margin, true));
    at = silence.until - margin;
  }
  pieces.push(piece(at, end, false));
  return pieces;
}

const piece = (at: number, until: number, cut: boolean): Piece => ({ at, until, cut, from: 0, to: 0 });

function ticksOf(pieces: readonly Piece[], pxPerMs: number): Tick[] {
  const every = STEPS.find((step) => step * pxPerMs >= TICK_PX) ?? 24 * 60 * MINUTE;
  const ticks: Tick[] = [];
  for (const p of pieces) {
    if (p.cut) continue;
    const last = ticks.at(-1);
    // Whole steps of Shanghai's clock, which is eight whole hours ahead.
    for (let at = Math.ceil((p.at + 8 * 60 * MINUTE) / every) * every - 8 * 60 * MINUTE; at <= p.until; at += every) {
      const x = p.from + (at - p.at) * pxPerMs;
      if (last && ticks.at(-1) === last && x - last.x < TICK_PX * 0.7) continue;
      ticks.push({ x, at });
    }
  }
  return ticks;
}
