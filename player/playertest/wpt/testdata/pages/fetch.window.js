// META: title=XMLHttpRequest and fetch
// META: timeout=long
"use strict";
function get(url, type, headers = {}) {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open("GET", url);
    x.responseType = type;
    for (const k in headers) x.setRequestHeader(k, headers[k]);
    x.onload = () => resolve(x);
    x.onerror = reject;
    x.send();
  });
}
promise_test(async t => {
  const x = await get("data.txt", "arraybuffer");
  assert_equals(x.status, 200, "status");
  assert_equals(x.readyState, XMLHttpRequest.DONE, "readyState");
  assert_equals(new Uint8Array(x.response).length, 10, "length");
  assert_equals(x.response, x.response, "the same object");
}, "a file as bytes");
promise_test(async t => {
  const x = await get("/pages/data.txt", "", {Range: "bytes=2-4"});
  assert_equals(x.status, 206, "status");
  assert_equals(x.responseText, "234", "text");
  assert_equals((await get("data.txt", "text", {Range: "bytes=-2"})).response, "89", "the end");
  assert_equals((await get("data.txt", "text", {Range: "bytes=20-"})).status, 416, "beyond the end");
}, "parts of a file");
promise_test(async t => {
  assert_equals((await get("none", "text")).status, 404, "status");
  let failed = false;
  try { await get("http://elsewhere.example/", "text"); } catch (e) { failed = e.type === "error"; }
  assert_true(failed, "another origin");
}, "what is not there");
promise_test(async t => {
  const r = await fetch("data.json");
  assert_true(r.ok, "ok");
  assert_equals((await r.json()).a[1], 2, "json");
  assert_equals(await (await fetch("data.txt")).text(), "0123456789", "text");
  assert_equals((await (await fetch("data.txt")).arrayBuffer()).byteLength, 10, "bytes");
}, "fetch");
