
"use strict";
// Texts of questions and answers reach the page by textContent and value alone, never as HTML.
const find = (selector, within = document) => within.querySelector(selector);
const languages = new Map();  // model -> its language
let turns = [];               // what was asked and answered, as far as it goes into the next request
let reading = null;           // the AbortController of the answer that grows

const say = (text, isError = false) => {
  find("#status").textContent = text;
  find("#status").classList.toggle("error", isError);
};

const call = async (path, value, signal) => {
  const headers = {"Content-Type": "application/json"};
  if (find("#key").value) headers.Authorization = "Bearer " + find("#key").value;
  const reply = await fetch(path, value === undefined ? {headers, signal}
    : {method: "POST", headers, signal, body: JSON.stringify(value)});
  if (reply.ok) return reply;
  if (reply.status === 401) { find("#key-field").hidden = false; find("#key").focus(); }
  const body = await reply.json().catch(() => null);
  throw new Error(body && body.error ? body.error.message : "The server said " + reply.status);
};

const listModels = async () => {
  const {data} = await (await call("/v1/models")).json();
  const select = find("#model");
  const chosen = select.value;
  const runs = data.filter(model => model.taco);
  select.replaceChildren(...(runs.length > 1 ? [new Option("That of the question", "auto")] : []));
  for (const {id, taco} of runs) {
    languages.set(id, taco);
    const names = taco.autonym && taco.autonym !== taco.name ? taco.autonym + " (" + taco.name + ")" : taco.name;
    const isTwice = runs.filter(run => run.taco.language === taco.language).length > 1;
    select.append(new Option(isTwice ? names + ", " + id : names, id));
  }
  if ([...select.options].some(option => option.value === chosen)) select.value = chosen;
};

// Yields the values of the server-sent events of a reply.
async function* readEvents(reply) {
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) throw new Error("the connection broke off");
    const events = (held + value).split("\n\n");
    held = events.pop();
    for (const event of events) {
      const text = event.replace(/^data: /, "");
      if (text === "[DONE]") return;
      yield JSON.parse(text);
    }
  }
}

const showTurn = question => {
  const turn = find("#turn").content.cloneNode(true).firstElementChild;
  find(".asked", turn).textContent = question;
  for (const [name, act] of [["copy", copy], ["retry", retry], ["up", rate], ["down", rate], ["correct", openCorrection]])
    find("." + name, turn).addEventListener("click", event => act(turn, event.currentTarget));
  find(".correction", turn).addEventListener("submit", event => { event.preventDefault(); correct(turn); });
  find("#log").append(turn);
  find("#empty").hidden = true;
  return turn;
};

const dress = (turn, language) => {
  for (const one of [find(".answer", turn), find(".target", turn)]) {
    one.lang = language.language;
    one.dir = language.direction;
  }
  find(".answerer", turn).textContent = "Answer in " + language.name;
};

// Stays at the end of the page while text comes, unless the reader has scrolled away from it.
const follow = change => {
  const page = find("main");
  const isAtEnd = page.scrollTop + page.clientHeight >= page.scrollHeight - 40;
  change();
  if (isAtEnd) page.scrollTop = page.scrollHeight;
};

const take = (turn, kept, event) => {
  if (event.error) throw new Error(event.error.message);
  kept.model = event.model || kept.model;
  if (event.taco) { dress(turn, event.taco); kept.end = event.taco; }
  const delta = event.choices && event.choices[0] ? event.choices[0].delta : {};
  if (delta.content) {
    kept.content += delta.content;
    follow(() => find(".answer", turn).append(delta.content));
  }
  if (delta.reasoning_content) {
    const text = kept[delta.taco_section] ? delta.reasoning_content : delta.reasoning_content.trimStart();
    kept[delta.taco_section] = (kept[delta.taco_section] || "") + text;
    find("." + delta.taco_section, turn).append(text);
    if (!kept.content) say("Thinking in English …");
  }
};

// Says beside the answer what is wrong with it; returns what to say when it has ended.
const explain = (turn, kept) => {
  const note = find(".note", turn);
  const state = kept.end ? kept.end.state : "";
  if (kept.end && kept.end.unlabelled) {
    note.textContent = "The model did not answer in the form that it learnt. It wrote: " + kept.end.unlabelled;
  } else if (!kept.content) note.textContent = "There is no answer in the language that was asked for.";
  else if (state && state !== "complete") note.textContent = "The answer may not be complete (" + state + ").";
  else if (kept.end && kept.end.repairs && kept.end.repairs.length) {
    note.textContent = "The answer was mended while it was written (" + kept.end.repairs.map((one) => one.kind).join(", ") + ").";
  }
  note.hidden = !note.textContent;
  return state === "complete" ? "The answer is complete." : note.textContent || "The answer has ended.";
};

const ask = async (question, isAgain = false) => {
  if (reading) return;
  const turn = showTurn(question);
  const kept = turn.kept = {question, content: "", model: find("#model").value, end: null, earlier: turns.length};
  reading = new AbortController();
  find("#send").hidden = true; find("#stop").hidden = false;
  say("Waiting for the model …");
  find("main").scrollTop = find("main").scrollHeight;
  const messages = [...turns, {role: "user", content: question}];
  try {
    const more = isAgain ? {temperature: 0.7} : {};
    const value = {model: kept.model, messages, stream: true, ...more};
    for await (const event of readEvents(await call("/v1/chat/completions", value, reading.signal))) take(turn, kept, event);
    say(explain(turn, kept));
  } catch (error) {
    if (error.name === "AbortError") say("Stopped.");
    else {
      say("That did not work: " + error.message, true);
      if (!kept.end && !find("#question").value) find("#question").value = question;
    }
  }
  if (kept.content && turn.isConnected) {
    const chain = {instruction_en: kept.instruction_en || "", response_en: kept.response_en || ""};
    turns = [...messages, {role: "assistant", content: kept.content, taco: chain}];
  }
  follow(() => { find(".tools", turn).hidden = !kept.content && !kept.end; });
  for (const older of document.querySelectorAll(".retry")) older.hidden = older !== find(".retry", turn);
  find("#send").hidden = false; find("#stop").hidden = true;
  reading = null;
  find("#question").focus({preventScroll: true});
};

const copy = async turn => {
  try { await navigator.clipboard.writeText(turn.kept.content); say("Copied."); }
  catch { getSelection().selectAllChildren(find(".answer", turn)); say("The answer is marked; copy it with your keyboard."); }
};

const retry = turn => {
  if (reading) return;
  const last = turns.length - 2;
  if (last >= 0 && turns[last].content === turn.kept.question) turns = turns.slice(0, last);
  const {question} = turn.kept;
  turn.remove();
  ask(question, true);
};

const keep = async (turn, value) => {
  const {question, model, content, instruction_en = "", response_en = ""} = turn.kept;
  try {
    await call("/taco/feedback", {model, question, answer: content, instruction_en, response_en,
      earlier_turns: turn.kept.earlier, ...value});
    say("Kept. Thank you.");
    return true;
  } catch (error) { say("That was not kept: " + error.message, true); return false; }
};

const rate = async (turn, button) => {
  const rating = button.classList.contains("up") ? "up" : "down";
  if (!await keep(turn, {rating})) return;
  for (const name of ["up", "down"]) find("." + name, turn).setAttribute("aria-pressed", String(name === rating));
  turn.kept.rating = rating;
};

const openCorrection = (turn, button) => {
  const form = find(".correction", turn);
  form.hidden = !form.hidden;
  button.setAttribute("aria-expanded", String(!form.hidden));
  if (form.hidden) return;
  if (!find(".target", turn).value) find(".target", turn).value = turn.kept.content;
  find(".target", turn).focus();
};

const correct = async turn => {
  const target = find(".target", turn).value.trim(), english = find(".english", turn).value.trim();
  const value = {correction: target === turn.kept.content.trim() ? "" : target, correction_en: english};
  if (!value.correction && !value.correction_en) { say("Nothing was changed."); return; }
  if (turn.kept.rating) value.rating = turn.kept.rating;
  if (!await keep(turn, value)) return;
  find(".correction", turn).hidden = true;
  find(".correct", turn).setAttribute("aria-expanded", "false");
  find(".correct", turn).focus();
};

const submit = () => {
  const box = find("#question"), question = box.value.trim();
  if (!question || reading) return;
  box.value = "";
  ask(question);
};

find("#form").addEventListener("submit", event => { event.preventDefault(); submit(); });
find("#question").addEventListener("keydown", event => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
});
document.addEventListener("keydown", event => { if (event.key === "Escape" && reading) reading.abort(); });
find("#stop").addEventListener("click", () => reading && reading.abort());
find("#new").addEventListener("click", () => {
  if (reading) reading.abort();
  turns = [];
  find("#log").replaceChildren();
  find("#empty").hidden = false;
  find("#question").focus();
});
const load = () => listModels().then(() => say(""), error => say("The models cannot be listed: " + error.message, true));
find("#key").addEventListener("change", load);
load();
find("#question").focus();
