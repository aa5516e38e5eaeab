// What a TypeScript file may have, for who compares two readers of it.
import { readFile } from "fs";
import type { Stats } from "fs";
import * as path from "path";

export const LIMIT = 10;
const names: string[] = [];
let count = 0;
var old = "x";

export type ID = string | number;
type Mapped<T> = { readonly [K in keyof T]?: T[K] };

export interface Saver<T> {
  readonly name: string;
  limit?: number;
  save(one: T): Promise<void>;
  load(id: ID): T;
}

interface Closable extends Saver<string> {
  close(): void;
}

export enum State {
  Open,
  Done = "done",
  Closed = "closed",
}

declare enum Outer {
  A = 1,
}

const enum Small {
  One = 1,
}

export abstract class Shape {
  static total = 0;
  protected readonly sides: number = 0;
  private hidden?: string;

  constructor(sides: number) {
    this.sides = sides;
  }

  abstract area(): number;

  describe(): string {
    return `${this.sides} sides, ${this.area()}`;
  }
}

export class Square extends Shape implements Closable {
  name = "square";
  width: number;
  onClick = (event: string): void => {
    this.close();
  };

  constructor(width: number) {
    super(4);
    this.width = width;
  }

  area(): number {
    return this.width ** 2;
  }

  get size(): number {
    return this.width;
  }

  set size(width: number) {
    this.width = width;
  }

  static of(width: number): Square {
    return new Square(width);
  }

  async save(one: string): Promise<void> {
    await readFile(one, () => undefined);
  }

  load(id: ID): string {
    return String(id);
  }

  close(): void {
    names.length = 0;
  }

  *each(): Generator<number> {
    yield this.width;
  }

  private secret(): void {}
}

export function measure(text: string): number;
export function measure(text: string, factor: number): number;
export function measure(text: string, factor = 1): number {
  function inner(x: number): number {
    return x * factor;
  }
  const local = inner(text.length);
  return local;
}

export async function later(): Promise<number> {
  return measure("x");
}

function* numbers(): Generator<number> {
  yield 1;
}

const double = (x: number): number => x * 2;
const triple = function (x: number): number {
  return x * 3;
};

export default function main(): void {
  count += double(triple(1));
  old = path.join(old);
}

namespace Inner {
  export const depth = 1;
  export function deep(): number {
    return depth;
  }
  export class Node {
    value = 0;
  }
}

declare module "things" {
  export function thing(): void;
}

declare function outside(x: number): string;
declare const VERSION: string;

class Generic<T extends object, U = T> {
  private items: Map<string, T> = new Map();

  get<K extends keyof T>(key: K): T[K] | undefined {
    return undefined;
  }

  map<V>(f: (one: T) => V): V[] {
    return [...this.items.values()].map(f);
  }
}

export const settings = {
  depth: 1,
  run(): void {},
  stop: () => {},
};

export { names, Generic as Renamed, Outer, Small, numbers, outside, VERSION };
export type { Mapped, Stats };
