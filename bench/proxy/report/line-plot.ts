/** A line of a plot. */
export interface Line {
  name: string
  points: readonly (readonly [x: number, y: number])[]
  /** The lines with a rank are drawn in colour, the first one boldly; the others are grey. */
  rank: number | undefined
}

export interface PlotTexts {
  title: string
  xTitle: string
}

const WIDTH = 900
const HEIGHT = 460
/** Around the plotting area; on the right are the names of the lines. */
const MARGIN = { top: 48, right: 270, bottom: 52, left: 48 }
const NAME_HEIGHT = 15
const STYLE = `
  svg { font: 12px system-ui, sans-serif; }
  .back { fill: #ffffff; } text { fill: #24292f; } .title { font-size: 14px; font-weight: 600; }
  .grid { stroke: #d0d7de; stroke-width: 1; } .line { fill: none; stroke-linejoin: round; stroke-width: 1.2; }
  .rest { stroke: #8c959f; } .rank0 { stroke: #0969da; stroke-width: 3; } .rank1 { stroke: #bc4c00; stroke-width: 2; }
  .rank2 { stroke: #1a7f37; stroke-width: 2; } line.hint { stroke-width: 0.5; }
  text.rank0, text.rank1, text.rank2 { stroke: none; font-weight: 700; }
  text.rank0 { fill: #0969da; } text.rank1 { fill: #bc4c00; } text.rank2 { fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117; } text { fill: #e6edf3; } .grid { stroke: #30363d; } .rest { stroke: #7d8590; }
    .rank0 { stroke: #4493f8; } .rank1 { stroke: #f0883e; } .rank2 { stroke: #3fb950; }
    text.rank0 { fill: #4493f8; } text.rank1 { fill: #f0883e; } text.rank2 { fill: #3fb950; }
  }`

/** Lines over a logarithmic x axis and a y axis from 0, as an SVG that is readable on light and dark pages. */
export function linePlot(all: readonly Line[], { title, xTitle }: PlotTexts): string {
  // The last one is drawn on top.
  const lines = all.toSorted((a, b) => (b.rank ?? Infinity) - (a.rank ?? Infinity))
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort(
    (a, b) => a - b,
  )
  const highest = Math.max(...lines.flatMap(({ points }) => points.map(([, y]) => y)))
  const step = stepFor(highest)
  const top = Math.ceil(highest / step) * step
  const [left, right] = [MARGIN.left, WIDTH - MARGIN.right]
  const bottom = HEIGHT - MARGIN.bottom
  const [first, last] = [Math.log(xs[0] ?? 1), Math.log(xs.at(-1) ?? 1)]
  const atX = (x: number): number =>
    left + ((Math.log(x) - first) / (last - first)) * (right - left)
  const atY = (y: number): number => bottom - (y / top) * (bottom - MARGIN.top)
  const grid = Array.from({ length: top / step + 1 }, (_, at) => at * step).flatMap((y) => [
    tag('line', { class: 'grid', x1: left, x2: right, y1: atY(y), y2: atY(y) }),
    label(String(y), { x: left - 8, y: atY(y) + 4, 'text-anchor': 'end' }),
  ])
  const ticks = xs.map((x) =>
    label(String(x), { x: atX(x), y: bottom + 18, 'text-anchor': 'middle' }),
  )
  const paths = lines.map(({ points, rank }) => {
    const at = points.map(([x, y]) => `${round(atX(x))},${round(atY(y))}`).join(' ')
    return tag('polyline', { class: `line ${classOf(rank)}`, points: at })
  })
  const ends = lines.map((line) => ({
    line,
    y: atY(line.points.at(-1)?.[1] ?? 0),
    x: atX(line.points.at(-1)?.[0] ?? 1),
  }))
  const names = spread(ends.map(({ y }) => y)).flatMap((y, at) => {
    const { line, x, y: endY } = ends[at] as (typeof ends)[number]
    return [
      tag('line', {
        class: `hint ${classOf(line.rank)}`,
        x1: x + 2,
        x2: right + 18,
        y1: endY,
        y2: y,
      }),
      label(line.name, {
        x: right + 22,
        y: y + 4,
        ...(line.rank === undefined ? {} : { class: classOf(line.rank) }),
      }),
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}</style>`,
    tag('rect', { class: 'back', width: WIDTH, height: HEIGHT }),
    label(title, { class: 'title', x: left, y: 26 }),
    ...grid,
    ...ticks,
    label(xTitle, { x: (left + right) / 2, y: HEIGHT - 12, 'text-anchor': 'middle' }),
    ...paths,
    ...names,
    '</svg>',
    '',
  ].join('\n')
}

/** Distance of the grid's lines: 1, 2 or 5 times a power of ten, for about six of them. */
function stepFor(highest: number): number {
  const rough = highest / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough) ?? rough
}

/** Moves heights apart, so that names do not overlap, and returns them in the order given. */
function spread(heights: readonly number[]): number[] {
  const order = heights.map((_, at) => at).sort((a, b) => (heights[a] ?? 0) - (heights[b] ?? 0))
  const placed = [...heights]
  let free = MARGIN.top
  for (const at of order) {
    placed[at] = Math.max(placed[at] ?? 0, free)
    free = (placed[at] ?? 0) + NAME_HEIGHT
  }
  // From below, where the last ones were moved out of the picture.
  let limit = HEIGHT - MARGIN.bottom + NAME_HEIGHT
  for (const at of order.toReversed()) {
    placed[at] = Math.min(placed[at] ?? 0, limit)
    limit = (placed[at] ?? 0) - NAME_HEIGHT
  }
  return placed
}

function classOf(rank: number | undefined): string {
  return rank === undefined ? 'rest' : `rank${rank}`
}

type Attributes = Readonly<Record<string, string | number>>

function tag(name: string, attributes: Attributes): string {
  return `<${name}${attributesText(attributes)}/>`
}

function label(text: string, attributes: Attributes): string {
  return `<text${attributesText(attributes)}>${escaped(text)}</text>`
}

function attributesText(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${typeof value === 'number' ? round(value) : value}"`)
    .join('')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
