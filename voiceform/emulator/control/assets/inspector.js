"use strict";
(() => {
  const EVERY = 1000;
  const RETRY = 2000;
  const EXAMPLE = {
    queues: [{ friendly_name: "Support", max_size: 50, current_size: 3 }],
    conferences: [{ friendly_name: "Standup", participants: [{ to: "+12125550101", label: "Ann", muted: true }] }],
    recordings: [{ duration: 95, source: "Conference" }],
    numbers: [{ phone_number: "+12125550123", outcomes: ["busy", "no-answer", "human"] }],
    generate: { calls: { count: 20 } },
  };
  const TONES = {
    good: ["in-progress", "connected"],
    wait: ["queued", "ringing", "init", "connecting", "processing", "paused"],
    bad: ["busy", "failed", "no-answer", "canceled", "absent"],
  };
  // Controls, separators that break lines, bidirectional controls, characters of no width, lone surrogates, tags.
  const HIDDEN = new RegExp(
    "[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u115f\\u1160\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e" +
      "\\u2060-\\u206f\\u3164\\ud800-\\udfff\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff\\u{e0000}-\\u{e0fff}]",
    "gu",
  );
  const $ = (id) => document.getElementById(id);
  let seen = { version: "", clock: null };
  let clockAt = 0;
  let known = new Set();

  /* Building the page: every value is a text node, hidden characters are written out. */

  function visible(value) {
    return String(value).replace(HIDDEN, (mark) => {
      const code = mark.codePointAt(0);
      return code > 0xffff ? "\\U" + code.toString(16).padStart(8, "0") : "\\u" + code.toString(16).padStart(4, "0");
    });
  }

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  const bdi = (value, attributes) => make("bdi", { dir: "auto", ...attributes }, visible(value));

  const tone = (status) => Object.keys(TONES).find((name) => TONES[name].includes(status));

  const chip = (text, kind) => make("span", { class: "chip", "data-tone": kind || tone(text) }, visible(text));

  const line = (...children) => make("div", { class: "line" }, ...children);

  const sub = (...children) => make("div", { class: "line sub" }, ...children);

  const brief = (text) => text.slice(0, 2) + "…" + text.slice(-6);

  const sid = (text) => make("span", { class: "sid", title: text }, brief(text));

  function when(instant) {
    const [day, rest] = instant.replace("Z", "").split("T");
    const today = seen.clock && seen.clock.now.startsWith(day);
    const time = rest.slice(0, 8);
    return make("time", { datetime: instant, title: instant }, today ? time : day + " " + time.slice(0, 5));
  }

  function seconds(total) {
    if (total === null || total === undefined) return null;
    const pad = (n) => String(n).padStart(2, "0");
    const minutes = Math.floor(total / 60);
    const hours = Math.floor(minutes / 60);
    const text = hours ? `${hours}:${pad(minutes % 60)}:${pad(total % 60)}` : `${minutes}:${pad(total % 60)}`;
    return make("span", { class: "mono", title: total + " s" }, text);
  }

  /* One row of each kind. */

  function queueRow(queue) {
    const waiting = queue.current_size;
    const wait = waiting ? ` · average wait ${queue.average_wait_time} s` : "";
    return make("li", {},
      line(bdi(queue.friendly_name, { class: "name" }), make("span", { class: "mono" }, `${waiting} / ${queue.max_size}`)),
      make("progress", { max: queue.max_size, value: waiting, "aria-label": "callers waiting" }),
      sub(make("span", { class: "name" }, `${waiting} waiting${wait}`), sid(queue.sid)));
  }

  function person(one) {
    const flags = ["muted", "hold", "coaching"].filter((name) => one[name]).map((name) => chip(name, "wait"));
    if (one.end_on_exit) flags.push(chip("ends room", "done"));
    const name = one.label ? bdi(one.label) : null;
    return make("li", {}, line(
      make("span", { class: "name" }, name, name ? " " : null, bdi(one.number || one.call_sid, { class: "mono quiet" })),
      ...flags, chip(one.status)));
  }

  function conferenceRow(room) {
    const more = room.participants_total - room.participants.length;
    const people = room.participants.map(person);
    if (more > 0) people.push(make("li", { class: "quiet" }, `and ${more} more`));
    const reason = room.reason ? bdi(room.reason) : null;
    return make("li", {},
      line(bdi(room.friendly_name, { class: "name" }), chip(room.status)),
      sub(make("span", { class: "name" }, when(room.created), " · ", bdi(room.region), reason && " · ", reason), sid(room.sid)),
      people.length ? make("ul", { class: "people", "aria-label": "Participants" }, ...people) : null);
  }

  function callRow(call) {
    const details = [call.direction, call.answered_by].filter(Boolean).map((text) => [" · ", bdi(text)]);
    const length = seconds(call.duration);
    return make("li", {},
      line(make("span", { class: "name mono numbers" }, bdi(call.from), make("span", { class: "quiet", "aria-label": "to" }, "→"), bdi(call.to)),
        chip(call.status)),
      sub(make("span", { class: "name" }, when(call.created), ...details.flat(), length && " · ", length), sid(call.sid)));
  }

  function recordingRow(recording) {
    const gone = recording.status === "deleted";
    const sound = recording.channels > 1 ? ` · ${recording.channels} channels` : null;
    return make("li", { class: gone ? "gone" : null },
      line(make("span", { class: "name" }, bdi(recording.source), " ", seconds(recording.duration)), chip(recording.status)),
      sub(make("span", { class: "name" }, when(recording.created), sound, " · ", sid(recording.conference_sid || recording.call_sid)),
        sid(recording.sid)));
  }

  function answer(status) {
    if (status === null) return make("span", { class: "status", "data-tone": "wait", title: "no answer" }, "···");
    const kind = status < 300 ? "good" : status < 400 ? "wait" : "bad";
    return make("span", { class: "status", "data-tone": kind }, String(status));
  }

  function requestRow(request) {
    const path = request.path.replace(/^\/2010-04-01\/Accounts\/[^/]+/, "…").replace(/[A-Z]{2}[0-9a-fA-F]{32}/g, brief);
    const head = [
      when(request.at),
      make("span", { class: "what" }, make("strong", {}, request.operation || "unknown"),
        make("span", { class: "path mono" }, visible(request.method) + " ", bdi(path, { dir: "ltr" }))),
      answer(request.status),
    ];
    const list = make("dl", {}, ...[["path", request.path], ...request.params].flatMap(
      ([name, value]) => [make("dt", {}, bdi(name)), make("dd", {}, bdi(value))]));
    return make("li", { class: known.size && !known.has(request.number) ? "new" : null },
      make("details", {}, make("summary", {}, ...head), list));
  }

  function faultRow(rule) {
    const effect = { status: "answers", garbage: "answers an HTML page", latency: "waits", truncate: "cuts the answer in half",
      "drop-before": "closes the connection, nothing done", "drop-after": "closes the connection, all done" }[rule.kind];
    const parts = [rule.operation === "*" ? "any operation" : rule.operation, ": ", effect];
    if (rule.kind === "status") parts.push(` ${rule.status || 500}${rule.code ? "/" + rule.code : ""}`);
    if (rule.kind === "status" && rule.after) parts.push(" after carrying it out");
    if (rule.retry_after !== null) parts.push(`, Retry-After ${rule.retry_after}`);
    if (rule.delay_ms) parts.push(`, after ${rule.delay_ms} ms`);
    const times = rule.times === null ? "for ever" : rule.times === 1 ? "once" : rule.times + " times";
    const text = parts.join("");
    const remove = make("button", { type: "button", "aria-label": "Remove: " + text }, "Remove");
    remove.addEventListener("click", () => removeFault(rule));
    return make("li", {}, make("span", { class: "name" }, visible(text)), chip(times, "wait"), remove);
  }

  /* Rows stay as long as they say the same, so that focus, selection and what is unfolded stay too. */

  function fill(list, items, keyOf, build) {
    const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
    let place = list.firstElementChild;
    for (const item of items) {
      const key = String(keyOf(item));
      const text = JSON.stringify(item);
      let row = old.get(key);
      old.delete(key);
      if (!row || row.told !== text) {
        const here = row !== undefined && row === place;
        row = replace(row, build(item), key, text);
        if (here) place = row;
      }
      if (row === place) place = place.nextElementSibling;
      else list.insertBefore(row, place);
    }
    for (const row of old.values()) row.remove();
  }

  function replace(row, fresh, key, text) {
    fresh.dataset.key = key;
    fresh.told = text;
    if (!row) return fresh;
    fresh.classList.remove("new");
    const open = row.querySelector("details[open]");
    if (open) fresh.querySelector("details").open = true;
    const focused = row.contains(document.activeElement) && document.activeElement.tagName;
    row.replaceWith(fresh);
    if (focused) fresh.querySelector(focused.toLowerCase())?.focus();
    return fresh;
  }

  const ROWS = { queues: queueRow, conferences: conferenceRow, calls: callRow, recordings: recordingRow };

  function show(view) {
    if (view.clock.now.slice(0, 10) !== (seen.clock ? seen.clock.now.slice(0, 10) : "")) forgetRows();
    seen = view;
    $("profile").textContent = "profile " + view.profile;
    $("profile").hidden = false;
    for (const [kind, build] of Object.entries(ROWS)) {
      fill($(kind + "-list"), view[kind], (item) => item.sid, build);
      count(kind, view.totals[kind], view[kind].length);
    }
    showRequests();
    let index = 0;
    fill($("faults-list"), view.faults, () => index++, faultRow);
    count("faults", view.faults.length, view.faults.length);
    $("clear-faults").disabled = view.faults.length === 0;
  }

  /* On another day the times of all rows are written differently. */
  function forgetRows() {
    for (const row of document.querySelectorAll(".rows > li")) row.told = "";
  }

  function showRequests() {
    const wanted = $("filter").value.trim().toLowerCase();
    const all = seen.requests || [];
    const chosen = wanted ? all.filter((request) => JSON.stringify(Object.values(request)).toLowerCase().includes(wanted)) : all;
    fill($("requests-list"), chosen, (request) => request.number, requestRow);
    known = new Set(all.map((request) => request.number));
    count("requests", seen.stats ? seen.stats.requests : 0, chosen.length);
    $("clear-log").disabled = all.length === 0;
    if (wanted && !chosen.length && all.length) document.querySelector("[data-empty=requests]").hidden = true;
  }

  function count(kind, total, shown) {
    document.querySelector(`[data-count=${kind}]`).textContent = total.toLocaleString("en");
    const note = document.querySelector(`[data-shown=${kind}]`);
    const word = $("filter").value.trim() && kind === "requests" ? "that match" : "newest";
    if (note) note.textContent = shown < total ? `${shown} ${word} of ${total.toLocaleString("en")}` : "";
    $(kind + "-list").hidden = shown === 0;
    document.querySelector(`[data-empty=${kind}]`).hidden = total !== 0;
  }

  function showClock(clock) {
    seen.clock = clock;
    clockAt = performance.now();
    $("frozen").hidden = !clock.frozen;
    $("freeze").textContent = clock.frozen ? "Run" : "Freeze";
    $("freeze").classList.toggle("main", clock.frozen);
    tick();
  }

  function tick() {
    if (!seen.clock) return;
    const passed = seen.clock.frozen ? 0 : performance.now() - clockAt;
    const text = new Date(Date.parse(seen.clock.now) + passed).toISOString();
    $("now").textContent = text.slice(0, 10) + " " + text.slice(11, 19);
    $("now").dateTime = text;
    if (!$("instant").value) $("instant").value = text.slice(0, 19);
  }

  /* Talking to the emulator. */

  async function ask(method, name, body) {
    const options = { method, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body) };
    const response = await fetch("/_emulator/" + name, options);
    const answered = await response.json();
    if (!response.ok) throw new Error(answered.error);
    return answered;
  }

  function link(state, text) {
    $("link").dataset.state = state;
    $("link").textContent = text;
  }

  async function refresh() {
    const view = await ask("GET", "snapshot?have=" + encodeURIComponent(seen.version));
    if ("queues" in view) show(view);
    showClock(view.clock);
    link("live", "live");
  }

  let timer = 0;
  async function poll() {
    clearTimeout(timer);
    if (document.hidden) return;
    let pause = EVERY;
    try {
      await refresh();
    } catch {
      link("lost", "no answer from the emulator, trying again");
      seen.version = "";
      pause = RETRY;
    }
    clearTimeout(timer);
    timer = setTimeout(poll, pause);
  }

  async function act(said, ...request) {
    try {
      await ask(...request);
      complain($("problem"), "");
      $("said").textContent = said;
      await refresh();
      return "";
    } catch (error) {
      return error instanceof TypeError ? "The emulator does not answer." : error.message;
    }
  }

  function complain(place, text) {
    place.textContent = visible(text);
    place.hidden = !text;
  }

  async function press(said, ...request) {
    complain($("problem"), await act(said, ...request));
  }

  async function moveClock(said, change) {
    await press(said, "POST", "clock", change);
    $("instant").value = "";
    tick();
  }

  /* Faults: others may have used some up or added some, so the rules are read again before each change. */

  async function changeFaults(said, change) {
    try {
      const { rules } = await ask("GET", "faults");
      await press(said, "POST", "faults", { rules: change(rules) });
    } catch (error) {
      complain($("problem"), error.message);
    }
  }

  function removeFault(rule) {
    const same = (other) => JSON.stringify({ ...other, times: 0 }) === JSON.stringify({ ...rule, times: 0 });
    changeFaults("Fault removed.", (rules) => {
      const index = rules.findIndex(same);
      return rules.filter((_, at) => at !== index);
    });
    $("faults").querySelector("select").focus();
  }

  const form = $("add-fault");

  function fitFaultForm() {
    const kind = form.elements.kind.value;
    for (const label of form.querySelectorAll("[data-for]")) label.hidden = !label.dataset.for.split(" ").includes(kind);
    form.elements.status.value = kind === "garbage" ? "200" : "503";
    form.elements.after.value = String(kind === "garbage");
  }

  form.elements.kind.addEventListener("change", fitFaultForm);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const rule = { kind: form.elements.kind.value, operation: form.elements.operation.value };
    for (const name of ["status", "code", "retry_after", "delay_ms"]) {
      const field = form.elements[name];
      if (!field.closest("label").hidden && field.value !== "") rule[name] = Number(field.value);
    }
    rule.times = form.elements.times.value === "" ? null : Number(form.elements.times.value);
    if (!form.elements.after.closest("label").hidden) rule.after = form.elements.after.value === "true";
    changeFaults("Fault added.", (rules) => [...rules, rule]);
  });
  $("clear-faults").addEventListener("click", () => press("Faults cleared.", "POST", "faults", { rules: [] }));

  /* Clock, log, filter. */

  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", () => moveClock(`Clock moved by ${button.textContent}.`, { advance: button.dataset.advance }));
  }
  $("freeze").addEventListener("click", () => {
    const frozen = !(seen.clock && seen.clock.frozen);
    moveClock(frozen ? "Clock frozen." : "Clock running.", { frozen });
  });
  $("set-clock").addEventListener("submit", (event) => {
    event.preventDefault();
    moveClock("Clock set.", { now: $("instant").value + "Z" });
  });
  $("clear-log").addEventListener("click", () => press("Log emptied.", "DELETE", "requests"));
  $("filter").addEventListener("input", showRequests);

  /* Seed and reset ask first. */

  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  $("open-seed").addEventListener("click", () => {
    complain($("seed-problem"), "");
    if (!$("seed-text").value.trim()) $("seed-text").value = JSON.stringify(EXAMPLE, null, 2);
    $("seed").showModal();
  });
  $("do-seed").addEventListener("click", async () => {
    let seed;
    try {
      seed = JSON.parse($("seed-text").value);
    } catch (error) {
      complain($("seed-problem"), "This is not JSON: " + error.message);
      return;
    }
    const problem = await act("Seed added.", "POST", "seed", seed);
    complain($("seed-problem"), problem);
    if (!problem) $("seed").close();
  });
  $("open-reset").addEventListener("click", () => {
    const totals = Object.entries(seen.totals || {}).filter(([, n]) => n)
      .map(([kind, n]) => `${n.toLocaleString("en")} ${n === 1 ? kind.slice(0, -1) : kind}`);
    const gone = totals.length ? totals.join(", ") : "All data";
    $("reset-text").textContent = `${gone}, the request log and all faults are forgotten; the clock returns to real time. This cannot be undone.`;
    $("reset").showModal();
  });
  $("do-reset").addEventListener("click", async () => {
    complain($("problem"), await act("The emulator is empty.", "POST", "reset"));
    $("reset").close();
  });

  $("origin").textContent = location.origin;
  document.addEventListener("visibilitychange", poll);
  fitFaultForm();
  setInterval(tick, 250);
  poll();
})();
