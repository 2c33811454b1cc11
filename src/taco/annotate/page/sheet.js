
"use strict";
// Texts of questions and answers reach the page by textContent and value alone, never as HTML.
const find = selector => document.querySelector(selector);
const sheet = JSON.parse(find("#sheet").textContent);
const items = new Map(sheet.items.map((item, place) => [item.id, place]));
const axes = new Map(sheet.axes.map(axis => [axis.name, new Set(axis.choices.map(choice => choice.value))]));
const storeName = "taco-sheet-" + sheet.digest;
const LONGEST_NOTE = 2000;
let ratings = new Map();  // id of an item -> {values: {axis: value}, note}
let place = 0;            // which item is shown
let written = null;       // what this page kept last
let isKept = true;        // whether the browser keeps what is rated

const say = (text, isError = false) => {
  find("#status").textContent = text;
  find("#status").classList.toggle("error", isError);
};

const make = (name, text, attributes = {}) => {
  const one = document.createElement(name);
  if (text) one.textContent = text;
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  return one;
};

const isPlain = value => typeof value === "object" && value !== null && !Array.isArray(value);
const isWhole = rating => rating !== undefined && sheet.axes.every(axis => Object.hasOwn(rating.values, axis.name));
const countWhole = () => sheet.items.filter(item => isWhole(ratings.get(item.id))).length;

// Returns the ratings of a file or of the browser's store; throws where it is anything but ratings of this very sheet.
const readState = text => {
  const state = JSON.parse(text);
  if (!isPlain(state) || state.taco_ratings !== sheet.schema_version || !Array.isArray(state.ratings))
    throw new Error("it holds no ratings");
  if (state.sheet !== sheet.digest) throw new Error("it belongs to another sheet");
  const found = new Map();
  for (const rating of state.ratings) {
    if (!isPlain(rating) || !items.has(rating.item) || found.has(rating.item) || !isPlain(rating.values))
      throw new Error("one of its ratings is no rating of this sheet");
    const values = {};
    for (const [name, value] of Object.entries(rating.values)) {
      if (!axes.has(name) || !axes.get(name).has(value)) throw new Error("the rating of " + rating.item + " is no choice");
      values[name] = value;
    }
    const note = rating.note === undefined ? "" : rating.note;
    if (typeof note !== "string" || note.length > LONGEST_NOTE) throw new Error("a remark is no text, or too long");
    found.set(rating.item, {values, note});
  }
  return found;
};

const writeState = () => {
  const head = {taco_ratings: sheet.schema_version, study: sheet.study, rater: sheet.rater, sheet: sheet.digest};
  const rows = sheet.items.filter(item => ratings.has(item.id)).map(item => "  " +
    JSON.stringify({item: item.id, ...ratings.get(item.id)}));
  return JSON.stringify(head).slice(0, -1) + ',\n "ratings": [\n' + rows.join(",\n") + "\n]}\n";
};

// Takes over what the same sheet in another tab rated meanwhile, but for the item that is shown here.
const merge = () => {
  const kept = localStorage.getItem(storeName);
  if (kept === null || kept === written) return;
  let found;
  try { found = readState(kept); } catch { return; }
  const here = sheet.items[place].id, own = ratings.get(here);
  ratings = found;
  if (own) ratings.set(here, own);
};

const keep = () => {
  try { merge(); written = writeState(); localStorage.setItem(storeName, written); localStorage.setItem(storeName + "-at", String(place)); }
  catch { isKept = false; say("This browser does not keep ratings. Save them to a file before you close the page.", true); }
};

const recall = () => {
  let kept = null, at = null;
  try { kept = localStorage.getItem(storeName); at = localStorage.getItem(storeName + "-at"); }
  catch { say("This browser does not keep ratings. Save them to a file before you close the page.", true); }
  if (kept === null) return;
  try { ratings = readState(kept); written = kept; } catch (error) { say("What this browser kept is not used: " + error.message + ".", true); return; }
  const number = Number(at);
  place = Number.isInteger(number) && number >= 0 && number < sheet.items.length ? number : 0;
  if (ratings.size) say("Your " + countWhole() + " ratings are there. You go on where you were.");
};

const showCount = () => {
  const whole = countWhole();
  find("#progress").max = sheet.items.length;
  find("#progress").value = whole;
  find("#count").textContent = whole + " of " + sheet.items.length + " rated";
};

const change = edit => {
  const id = sheet.items[place].id;
  const rating = ratings.get(id) || {values: {}, note: ""};
  edit(rating);
  if (Object.keys(rating.values).length || rating.note) ratings.set(id, rating); else ratings.delete(id);
  say("");
  keep();
  showCount();
};

const makeAxis = axis => {
  const field = make("fieldset", "", {"data-axis": axis.name});
  const choices = make("div", "", {class: "choices"});
  for (const choice of axis.choices) {
    const label = make("label");
    const input = make("input", "", {type: "radio", name: "axis-" + axis.name, value: String(choice.value)});
    input.addEventListener("change", () => change(rating => { rating.values[axis.name] = choice.value; }));
    label.append(input, make("span", choice.label));
    choices.append(label);
  }
  field.append(make("legend", axis.title), choices);
  if (sheet.mode === "rating") {
    const ends = make("div", "", {class: "ends", "aria-hidden": "true"});
    ends.append(make("span", "worst"), make("span", "best"));
    field.append(ends);
  }
  return field;
};

const showTexts = item => {
  const dress = one => { one.lang = item.language; one.dir = item.direction; };
  find("#question").textContent = item.question;
  dress(find("#question"));
  find("#answers").className = item.answers.length > 1 ? "pair" : "";
  find("#answers").replaceChildren(...item.answers.map((answer, number) => {
    const section = make("section", "", {class: "answer", "aria-labelledby": "answer-" + number});
    const names = item.answers.length > 1 ? ["First answer", "Second answer"] : ["Answer"];
    const text = make("div", answer, {class: "text"});
    dress(text);
    section.append(make("h3", names[number], {id: "answer-" + number}), text);
    return section;
  }));
  find("#earlier").className = item.earlier.length > 1 ? "pair" : "";
  find("#earlier").replaceChildren(...item.earlier.map((turns, number) => {
    const names = item.earlier.length > 1 ? ["Before the first answer", "Before the second answer"] : ["Earlier in the conversation"];
    const section = make("section", "", {class: "earlier", "aria-labelledby": "earlier-" + number});
    section.append(make("h3", names[number], {id: "earlier-" + number}));
    for (const turn of turns) for (const [who, words] of [["Asked", turn.question], ["Answered", turn.answer]]) {
      const text = make("div", words, {class: "text"});
      dress(text);
      section.append(make("h4", who), text);
    }
    return section;
  }));
  find("#reference").hidden = !item.reference;
  find("#reference").open = false;
  find("#reference-text").textContent = item.reference;
};

const showRating = item => {
  const rating = ratings.get(item.id) || {values: {}, note: ""};
  for (const input of document.querySelectorAll("#axes input"))
    input.checked = rating.values[input.closest("fieldset").dataset.axis] === Number(input.value);
  find("#note").value = rating.note;
};

const show = (number, takesFocus = true) => {
  place = number;
  const item = sheet.items[place];
  const what = sheet.mode === "pair" ? "Pair" : "Answer";
  find("#place").textContent = what + " " + (place + 1) + " of " + sheet.items.length;
  document.title = what + " " + (place + 1) + " of " + sheet.items.length + ", rating sheet";
  showTexts(item);
  showRating(item);
  find("#previous").disabled = place === 0;
  find("#next").textContent = place === sheet.items.length - 1 ? "Done" : "Next";
  keep();
  showCount();
  if (!takesFocus) return;
  scrollTo(0, 0);
  find("#place").focus({preventScroll: true});
};

const goTo = number => { say(""); show(number); };

const findOpen = () => {
  for (let step = 1; step <= sheet.items.length; step++) {
    const number = (place + step) % sheet.items.length;
    if (!isWhole(ratings.get(sheet.items[number].id))) return number;
  }
  return -1;
};

const showOpen = () => {
  const number = findOpen();
  if (number < 0) { say("All are rated. Save the ratings to a file and hand it in."); find("#save").focus(); } else goTo(number);
};

const save = () => {
  const link = make("a", "", {download: "ratings-" + sheet.rater + ".json"});
  link.href = URL.createObjectURL(new Blob([writeState()], {type: "application/json"}));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  const open = sheet.items.length - countWhole();
  say(open ? "Saved. " + open + " are still without a rating; you can go on and save again." : "Saved. All are rated. Thank you.");
};

const load = async file => {
  if (!file) return;
  try {
    const found = readState(await file.text());
    for (const [id, rating] of found) ratings.set(id, rating);
    show(place, false);
    say("Taken from the file: " + found.size + " ratings.");
  } catch (error) { say("That file is not taken: " + (error instanceof SyntaxError ? "it is no JSON" : error.message) + ".", true); }
  find("#load").value = "";
};

// The first axis without a rating after the given one, else the button that goes on.
const goOn = field => {
  const fields = [...document.querySelectorAll("#axes fieldset")];
  const rest = fields.slice(fields.indexOf(field) + 1).find(one => !one.querySelector("input:checked"));
  (rest ? rest.querySelector("input") : find("#next")).focus();
};

// Digits of every script: they stand in tens in Unicode, so those before one say which it is. NaN where it is none.
const readDigit = key => {
  if (!/^\p{Nd}$/u.test(key)) return NaN;
  let digit = 0;
  while (digit < 9 && /\p{Nd}/u.test(String.fromCodePoint(key.codePointAt(0) - digit - 1))) digit++;
  return digit;
};

const pressDigit = event => {
  const digit = readDigit(event.key);
  if (event.ctrlKey || event.altKey || event.metaKey || Number.isNaN(digit)) return;
  const fields = [...document.querySelectorAll("#axes fieldset")];
  const open = fields.find(one => !one.querySelector("input:checked")) || fields[0];
  const field = event.target.closest("fieldset") || open;
  const values = [...field.querySelectorAll("input")];
  const input = values.find(one => Number(one.value) === digit) || (digit === 0 && values.find(one => one.value === "10"));
  if (!input) return;
  event.preventDefault();
  if (!input.checked) { input.checked = true; input.dispatchEvent(new Event("change")); }
  goOn(field);
};

find("#rater").textContent = sheet.rater;
find("#instructions").textContent = sheet.instructions;
find("#instructions").hidden = !sheet.instructions;
find("#zero").textContent = sheet.mode === "pair" ? "both alike" : axes.get(sheet.axes[0].name).has(0) ? "0" : "10";
find("#axes").append(...sheet.axes.map(makeAxis));
find("#form").addEventListener("submit", event => {
  event.preventDefault();
  if (place < sheet.items.length - 1) goTo(place + 1); else showOpen();
});
for (const target of ["#axes", "#next", "#place"]) find(target).addEventListener("keydown", pressDigit);
find("#place").addEventListener("keydown", event => { if (event.key === "Enter") find("#form").requestSubmit(); });
find("#note").addEventListener("input", () => change(rating => { rating.note = find("#note").value; }));
find("#previous").addEventListener("click", () => { if (place > 0) goTo(place - 1); });
find("#open").addEventListener("click", showOpen);
find("#clear").addEventListener("click", () => {
  change(rating => { rating.values = {}; rating.note = ""; });
  showRating(sheet.items[place]);
  say("Taken back.");
});
find("#save").addEventListener("click", save);
find("#load").addEventListener("change", event => load(event.target.files[0]));
// The same sheet in another tab: what is rated there is shown here, so that neither overwrites the other.
addEventListener("storage", event => {
  if (event.key !== storeName || event.newValue === null) return;
  try { ratings = readState(event.newValue); written = event.newValue; } catch { return; }
  showRating(sheet.items[place]);
  showCount();
});
addEventListener("beforeunload", event => { if (!isKept && ratings.size) event.preventDefault(); });
recall();
find("#about").open = !ratings.size;
show(place, false);
