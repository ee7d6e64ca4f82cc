// What tools/card, tools/results and tools/ablations share: they check the JSON that others wrote, write files whole or not at all, and end with
// one sentence when something is wrong.
"use strict";
const fs = require("fs");
const path = require("path");

function fail(text, status = 2) {
  process.stderr.write(`tools/${path.basename(process.argv[1])}: ${text}\n`);
  process.exit(status);
}

// For --help: prints the comment at the head of the tool that runs, and ends.
function helpIfAsked() {
  if (!process.argv.slice(2).some((word) => word === "--help" || word === "-h")) return;
  const lines = fs.readFileSync(process.argv[1], "utf8").split("\n").slice(1);
  process.stdout.write(lines.slice(0, lines.findIndex((line) => !line.startsWith("//"))).map((line) => line.replace(/^\/\/ ?/, "") + "\n").join(""));
  process.exit(0);
}

// "ENOENT: no such file or directory, open '...'" without what follows the comma: the texts name the file themselves.
const reason = (error) => error.message.split(",")[0];

// A file's bytes. name is how the errors call it, fix what they advise.
function readBytes(file, fix, name = file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    return fail(`${name}: ${reason(error)}; ${fix}`);
  }
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const kinds = {
  "a number": isNumber,
  "a text": (value) => typeof value === "string",
  "a number or a text": (value) => isNumber(value) || typeof value === "string",
  "a list": (value) => Array.isArray(value) && value.length > 0,
  "an object": isObject,
};

// kind: one of the above, or it "or null", which a key that is not there is as well.
function isOfKind(value, kind) {
  const [own, none] = kind.split(" or null");
  return none === undefined ? kinds[own](value) : value === undefined || value === null || kinds[own](value);
}

function described(value) {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length > 0 ? "a list" : "an empty list";
  return isObject(value) ? "an object" : JSON.stringify(value);
}

// keys: {"accuracy.int8": "a number"}, each a path into value and a kind.
function requireKeys(value, keys, fix, name) {
  for (const [key, kind] of Object.entries(keys)) {
    const inner = (outer, word) => (typeof outer === "object" && outer !== null && Object.hasOwn(outer, word) ? outer[word] : undefined);
    const found = key.split(".").reduce(inner, value);
    if (!isOfKind(found, kind)) fail(`${name}: expected ${kind} as ${key}, found ${described(found)}; ${fix}`);
  }
}

// A file's JSON object, which has these keys.
function readObject(file, keys, fix, name = file) {
  const text = readBytes(file, fix, name).toString();
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    fail(`${name} is not JSON (${error.message}); ${fix}`);
  }
  if (!isObject(value)) fail(`${name}: expected a JSON object, found ${described(value)}; ${fix}`);
  requireKeys(value, keys, fix, name);
  return value;
}

// Calls what writes file; its failure is a sentence, which says what is written already.
function writing(file, write, written = "nothing was changed") {
  try {
    return write();
  } catch (error) {
    return fail(`cannot write ${file} (${reason(error)}); ${written}, make room or choose a place that can be written`);
  }
}

// Where a file's bytes go: behind a link, into the file that it names.
function placeOf(file) {
  const there = fs.statSync(file, {throwIfNoEntry: false});
  if (there && there.isDirectory()) throw new Error("EISDIR: it is a folder");
  const isDevice = there !== undefined && !there.isFile();
  return {at: there && !isDevice ? fs.realpathSync(file) : file, isDevice};
}

// Writes a file and waits for the disk.
function writeSynced(file, bytes) {
  const descriptor = fs.openSync(file, "w");
  try {
    fs.writeFileSync(descriptor, bytes);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

// What a failure leaves beside the places.
const temporaries = new Set();
process.on("exit", () => temporaries.forEach((file) => fs.rmSync(file, {force: true})));

// Writes files ([name, bytes] each): all beside their places first, then renamed over them, so that a full disk costs nothing.
function writeWhole(...files) {
  const made = [];
  for (const [file, bytes] of files) {
    writing(file, () => {
      const {at, isDevice} = placeOf(file);
      if (isDevice) return fs.writeFileSync(at, bytes);
      const temporary = `${at}.${process.pid}.tmp`;
      temporaries.add(temporary);
      writeSynced(temporary, bytes);
      return made.push([temporary, at, file]);
    });
  }
  const names = [];
  for (const [temporary, at, file] of made) {
    writing(file, () => fs.renameSync(temporary, at), names.length > 0 ? `${names.join(" and ")} was changed` : undefined);
    temporaries.delete(temporary);
    names.push(file);
  }
}

// Puts text between a page's two markers, or, to check, ends with status 1 when something else stands there.
function updatePage(root, page, marker, text, check, sources) {
  const [begin, end] = [`<!-- ${marker}:begin -->`, `<!-- ${marker}:end -->`];
  const now = readBytes(path.join(root, page), "it is the page that the tables go into", page).toString();
  const from = now.indexOf(begin);
  const to = now.indexOf(end);
  if (from < 0 || to < from) fail(`${page} has no ${begin} ... ${end}; put the two markers where the tables go`);
  const wanted = `${now.slice(0, from)}${begin}\n${text}${now.slice(to)}`;
  if (!check) {
    writeWhole([path.join(root, page), wanted]);
  } else if (wanted !== now) {
    fail(`${page} differs from ${sources}; run tools/${marker} --write`, 1);
  }
}

const toText = (value) => JSON.stringify(value, null, 2) + "\n";

module.exports = {fail, helpIfAsked, isNumber, readBytes, readObject, requireKeys, toText, updatePage, writeWhole, writing};
