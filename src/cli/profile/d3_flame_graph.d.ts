/** The parts of these packages that flame_graph.ts uses; they come without types of their own. */
declare module "d3-selection" {
  export function select(element: Element): {
    datum(data: unknown): { call(chart: unknown): void };
  };
}

declare module "d3-flame-graph" {
  /** A frame as the chart hands it out: the data it was given, and where it is drawn. */
  export interface Drawn<Data> {
    readonly data: Data;
    readonly highlight?: boolean;
  }

  export interface FlameGraph<Data> {
    width(pixels: number): this;
    cellHeight(pixels: number): this;
    minFrameSize(pixels: number): this;
    transitionDuration(milliseconds: number): this;
    /** The root on top. */
    inverted(isInverted: boolean): this;
    sort(compare: (a: Drawn<Data>, b: Drawn<Data>) => number): this;
    setColorMapper(color: (frame: Drawn<Data>, original: string) => string): this;
    setLabelHandler(label: (frame: Drawn<Data>) => string): this;
    setDetailsHandler(show: (text: string | null) => void): this;
    setSearchMatch(matches: (frame: Drawn<Data>, term: string) => boolean): this;
    setSearchHandler(
      found: (frames: readonly Drawn<Data>[], sum: number, total: number) => void,
    ): this;
    search(term: string): void;
    clear(): void;
    resetZoom(): void;
    destroy(): void;
  }

  export default function flamegraph<Data>(): FlameGraph<Data>;
}
