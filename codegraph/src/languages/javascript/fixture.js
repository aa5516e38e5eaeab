// Keeps todos.
// Second line.

import React, { useState as state, useEffect } from "react";
import * as store from "./store.js";
import "./side-effect";
export { helper } from "../helper";
const fs = require("fs");
const { join, dirname: folder } = require("path");

export const LIMIT = 10;

/**
 * A todo.
 */
export class Todo extends store.Base {
  #secret = 1;
  client = new Client();
  onClick = (event) => this.save(event);

  constructor(title) {
    super(title);
    this.other = new store.Other();
  }

  static async make(a, b) {
    const todo = new Todo(a);
    return todo.save(b) ?? fs.readFileSync(join(a, b));
  }

  #hidden() {}

  get open() {
    if (this.title && !this.done) {
      for (const line of this.lines) {
        this.client.put(line);
      }
    }
    return super.open();
  }
}

function* numbers(n) {
  while (n-- > 0) yield n;
}

/** Shows todos. */
export default function List({ todos }, ref) {
  const [open, setOpen] = useState(false);
  useEffect(() => load(todos), []);
  return <div onClick={() => setOpen(true)}><Item todo={todos[0]} /><Menu.Entry>x</Menu.Entry></div>;
}

const arrow = async (x) => (x > 1 ? helper(x) : null);
exports.late = function (a) { return numbers(a); };
Todo.prototype.patched = function () { return this.save(); };

const routes = {
  show: (id) => List(id),
  remove(id) { return arrow(id); },
};

import("./lazy").then((lazy) => lazy.run());
