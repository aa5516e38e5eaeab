/* Keeps todos. */
import type { Store } from "./store";
import { Injectable } from "@angular/core";

export interface Keeps<T> extends Base, Other<T> {
  title: string;
  save(todo: T): Promise<void>;
}

export type Alias = string | number;

export enum State { Open, Done = 1 }

/** A service. */
@Injectable({ providedIn: "root" })
export abstract class Service<T> extends Parent<T> implements Keeps<T>, OnInit {
  private static count = 0;
  public title!: string;
  protected client: Client = make();

  constructor(private readonly store: Store, plain: Plain) {
    super();
    plain.go();
  }

  abstract load(id: number): T;

  @Log()
  async save(todo: T): Promise<void> {
    const typed: Store = this.store;
    typed.put(todo);
    this.client.send<T>(todo as T);
    if (todo || this.title) {
      try { await this.store.flush(); } catch (error) { report(error); }
    }
  }
}

namespace Names {
  export function inner(a?: string, ...rest: number[]): void {}
}

export const make = <T,>(x: T): Client => new Client(x);
declare function external(a: string): void;
export default class extends Service<string> { load(id: number) { return String(id); } }
