// As much of the suite's harness as the pages of this folder use.
"use strict";
const harness = {tests: [], callbacks: [], multiplier: 1, loaded: false, status: 0, message: "", completed: false};

function setup(properties) { harness.multiplier = properties.timeout_multiplier || 1; }
function add_completion_callback(f) { harness.callbacks.push(f); }

function complete() {
  if (harness.completed || !harness.loaded || harness.tests.some(t => t.status === null))
    return;
  harness.completed = true;
  harness.callbacks.forEach(f => f(harness.tests, {status: harness.status, message: harness.message}));
}

class Test {
  constructor(name) {
    this.name = name; this.status = null; this.message = null;
    harness.tests.push(this);
    setTimeout(() => this.finish(2, "Test timed out"), 5000 * harness.multiplier);
  }
  finish(status, message) {
    if (this.status !== null) return;
    this.status = status; this.message = message;
    setTimeout(complete, 0);
  }
  step(f, ...args) {
    try { return f(...args); } catch (e) { this.finish(1, String(e && e.message || e)); }
  }
  step_func(f) { return (...args) => this.step(f, ...args); }
  step_func_done(f) { return (...args) => { if (f) this.step(f, ...args); this.done(); }; }
  unreached_func(what) { return this.step_func(() => { throw new Error(what); }); }
  done() { this.finish(0, null); }
}

function test(f, name) { const t = new Test(name); t.step(f, t); t.done(); }
function async_test(f, name) { const t = new Test(name); t.step(f, t); }
let chain = Promise.resolve();
function promise_test(f, name) {
  const t = new Test(name);
  chain = chain.then(() => f(t)).then(() => t.done(), e => t.finish(1, String(e && e.message || e)));
}

function assert_true(v, what) { if (v !== true) throw new Error(`${what}: got ${v}, want true`); }
function assert_equals(got, want, what) {
  if (!Object.is(got, want)) throw new Error(`${what}: got ${got}, want ${want}`);
}
function assert_throws(name, f, what) {
  try { f(); } catch (e) { assert_equals(e.name, name, what); return e; }
  throw new Error(`${what}: nothing was thrown`);
}
function event(target, type) { return new Promise(r => target.addEventListener(type, r, {once: true})); }

window.addEventListener("error", e => { harness.status = 1; harness.message = e.message; harness.loaded = true; setTimeout(complete, 0); });
window.addEventListener("load", () => { harness.loaded = true; complete(); });
