"use strict";
(() => {
  // Table of runs: filtered, sorted and paged in the browser, which stays fast for thousands of rows.
  const PER_PAGE = 100;
  const parsed = (id) => JSON.parse(document.getElementById(id).textContent);
  const { columns, total, runs: rows, files: rowFiles, bytes } = parsed("data-rows");
  const charted = parsed("data-details");
  const at = Object.fromEntries(columns.map((column, i) => [column.name, i]));
  const state = { words: [], status: "", sort: null, descending: false, page: 0, open: new Set(), problem: "" };

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const byId = (id) => document.getElementById(id);
  const shown = (value) => (value === null ? "–" : String(value));

  // ---- data beside the page: scripts, since a page opened from a disk can load nothing else
  window.grokrfmReport = (text) => { document.currentScript.data = JSON.parse(text); };
  const load = (address) => new Promise((resolve, reject) => {
    const script = element("script", { src: address });
    script.onload = script.onerror = () => {
      script.remove();
      if (script.data) resolve(script.data);
      else reject(new Error(`${decodeURI(address)} cannot be read; keep that folder beside this page`));
    };
    document.head.append(script);
  });
  const failed = (error) => { state.problem = error.message; draw(); };

  // ---- selection and order of the rows
  const lowered = []; // text of a row, made when a filter first needs it
  const text = (i) => (lowered[i] ??= rows[i].map(shown).join("\n").toLowerCase());
  const meets = (word) => {
    const [, name, relation, right] = word.match(/^(.+?)(<=|>=|=|<|>)(.*)$/) ?? [];
    const i = name === undefined ? -1 : columns.findIndex((c) => c.name.toLowerCase() === name);
    if (i < 0) return (_, row) => text(row).includes(word);
    if (relation === "=") return (row) => shown(row[i]).toLowerCase() === right;
    const bound = Number(right);
    const holds = { "<": (x) => x < bound, ">": (x) => x > bound, "<=": (x) => x <= bound, ">=": (x) => x >= bound }[relation];
    return (row) => row[i] !== null && holds(row[i]);
  };
  const collator = new Intl.Collator("en", { numeric: true });
  const compared = (i) => (first, second) => {
    const [a, b] = [rows[first][i], rows[second][i]];
    if (a === null || b === null) return (a === null) - (b === null); // missing values come last
    const order = columns[i].numeric ? a - b : collator.compare(String(a), String(b));
    return state.descending ? -order : order;
  };
  const found = () => {
    const tests = state.words.map((word) => meets(word));
    const kept = rows.map((_, i) => i).filter((i) =>
      (!state.status || rows[i][at.status] === state.status) && tests.every((test) => test(rows[i], i)));
    return state.sort === null ? kept : kept.sort(compared(state.sort));
  };

  // ---- drawing
  const cell = (row, i) => {
    const value = row[i];
    const td = element("td", { className: columns[i].numeric ? "number" : "", title: shown(value) });
    if (columns[i].name === "digest") {
      const open = state.open.has(value);
      const button = element("button", { type: "button", className: "open", textContent: value });
      button.setAttribute("aria-expanded", open);
      button.addEventListener("click", () => toggle(value));
      td.append(button);
    } else if (columns[i].name === "status") {
      td.append(element("span", { className: `status status-${value}`, textContent: shown(value) }));
    } else {
      td.textContent = shown(value);
    }
    return td;
  };
  const head = (visible) => {
    const line = element("tr");
    for (const i of visible) {
      const button = element("button", { type: "button", textContent: columns[i].name });
      button.addEventListener("click", () => sortBy(i));
      const th = element("th", { scope: "col", className: columns[i].numeric ? "number" : "" }, button);
      if (state.sort === i) th.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      line.append(th);
    }
    return element("thead", {}, line);
  };
  const draw = () => {
    const order = found();
    const pages = Math.max(1, Math.ceil(order.length / PER_PAGE));
    state.page = Math.min(state.page, pages - 1);
    const visible = columns.map((_, i) => i).filter((i) => columns[i].shown);
    const body = element("tbody");
    for (const i of order.slice(state.page * PER_PAGE, (state.page + 1) * PER_PAGE)) {
      const digest = rows[i][at.digest];
      const line = element("tr", { id: `run-${digest}` }, ...visible.map((column) => cell(rows[i], column)));
      body.append(line);
      if (state.open.has(digest)) {
        line.className = "chosen";
        const held = element("td", { colSpan: visible.length }, ...details(i));
        body.append(element("tr", { className: "detail" }, held));
      }
    }
    byId("table").replaceChildren(element("table", {}, head(visible), body));
    const all = rows.length === total;
    byId("found").textContent = state.problem || (all ? `${order.length} of ${total} runs`
      : `${order.length} of the first ${rows.length} runs; filters and sorting do not cover the other ${total - rows.length}`);
    byId("load").hidden = all;
    byId("load").textContent = `Load all ${total} runs (${Math.ceil(bytes / 1e6)} MB)`;
    byId("pages").hidden = pages === 1;
    byId("page").textContent = `page ${state.page + 1} of ${pages}`;
    byId("previous").disabled = state.page === 0;
    byId("next").disabled = state.page === pages - 1;
  };
  const focused = (action) => {
    // drawing replaces the pressed button; the new one gets the focus
    const place = [...byId("table").querySelectorAll("button")].indexOf(document.activeElement);
    const name = document.activeElement?.textContent;
    action();
    if (place >= 0) [...byId("table").querySelectorAll("button")].find((b) => b.textContent === name)?.focus();
  };
  const sortBy = (i) => focused(() => {
    state.descending = state.sort === i && !state.descending;
    state.sort = i;
    state.page = 0;
    draw();
  });
  const toggle = (digest) => focused(() => {
    if (!state.open.delete(digest)) state.open.add(digest);
    draw();
  });

  // ---- details below an open row
  const parts = new Map(); // address → promise of the details in it, later the details
  const detailsOf = (i) => {
    if (i < charted.runs.length) return charted.runs[i];
    const [first, address] = charted.files.findLast(([number]) => number <= i);
    if (!parts.has(address)) {
      parts.set(address, null);
      load(address).then((part) => { parts.set(address, part); draw(); })
        .catch((error) => { parts.set(address, error); draw(); });
    }
    const part = parts.get(address);
    return part instanceof Error ? part : part && part[i - first];
  };
  const details = (i) => {
    const facts = element("dl", { className: "facts" });
    columns.forEach(({ name }, column) => {
      const value = rows[i][column];
      if (value === null) return;
      facts.append(element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: shown(value) })));
    });
    const charts = element("div", { className: "charts" });
    const note = (textContent) => charts.append(element("p", { className: "note", textContent }));
    const found = detailsOf(i);
    if (found instanceof Error) note(found.message);
    else if (!found) note("Loading …");
    else {
      const [iterations, ...numbers] = found.history ?? [];
      const x = Array.isArray(iterations) ? iterations : [...Array(iterations ?? 0).keys()];
      numbers.forEach((y, number) => {
        if (y.some((value) => value !== null)) charts.append(chart(charted.names[number], x, y));
      });
      const M = found.M;
      if (M) charts.append(element("figure", {},
        element("img", { className: "matrix", src: M.picture, alt: `Feature matrix M, k = ${M.k}` }),
        element("figcaption", { textContent: `M, k = ${M.k}, ${M.size}; blue −${M.reach}, white 0, red ${M.reach}` })));
      if (!charts.children.length) note("No history was recorded.");
    }
    return [element("div", { className: "held" }, facts, charts)];
  };
  const svg = (name, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const short = (x) => String(Number(x.toPrecision(3)));
  const chart = (name, x, y) => {
    const [width, height, left, top, right, bottom] = [272, 130, 58, 8, 8, 20];
    const known = y.filter((value) => value !== null);
    const share = /accuracy|undecided|precision|recall/.test(name);
    let [low, high] = share ? [0, 1] : [Math.min(...known), Math.max(...known)];
    if (low === high) [low, high] = [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2];
    const [first, last] = [x[0], x[x.length - 1]];
    const across = (value) => left + (width - left - right) * (last === first ? 0.5 : (value - first) / (last - first));
    const down = (value) => top + (height - top - bottom) * (1 - (value - low) / (high - low));
    let path = "";
    let pen = "M";
    x.forEach((value, i) => {
      if (y[i] === null) { pen = "M"; return; }
      path += `${pen}${across(value).toFixed(1)} ${down(y[i]).toFixed(1)}`;
      pen = "L";
    });
    const text = (content, where) => svg("text", where, content);
    const drawn = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${name}: first ${short(known[0])}, last ${short(known[known.length - 1])}` },
      svg("path", { class: "frame", d: `M${left} ${top}V${height - bottom}H${width - right}` }),
      svg("path", { class: "curve", d: path }),
      ...(known.length === 1 ? [svg("circle", { class: "dot", r: 3, cx: across(x[y.findIndex((v) => v !== null)]), cy: down(known[0]) })] : []),
      text(short(high), { x: left - 4, y: top + 8, "text-anchor": "end" }),
      text(short(low), { x: left - 4, y: height - bottom, "text-anchor": "end" }),
      text(String(first), { x: left, y: height - 6 }),
      text(`iteration ${last}`, { x: width - right, y: height - 6, "text-anchor": "end" }));
    return element("figure", {}, drawn, element("figcaption", { textContent: name }));
  };

  // ---- controls
  const listStatuses = () => {
    const statuses = [...new Set(rows.map((row) => row[at.status]))].sort();
    byId("status").replaceChildren(element("option", { value: "", textContent: "all" }),
      ...statuses.map((status) => element("option", { value: status, textContent: status })));
    byId("status").value = state.status;
  };
  const loadAll = async () => {
    while (rowFiles.length) {
      byId("found").textContent = `loading, ${rows.length} of ${total} runs`;
      for (const row of await load(rowFiles[0][1])) rows.push(row);
      rowFiles.shift();
    }
    state.problem = "";
    listStatuses();
    draw();
  };
  listStatuses();
  let loading; // pressed twice, it loads once
  const allLoaded = () => (loading ??= loadAll().finally(() => { loading = undefined; }));
  byId("load").addEventListener("click", () => allLoaded().catch(failed));
  columns.forEach((column) => {
    const box = element("input", { type: "checkbox", checked: column.shown, disabled: column.name === "digest" });
    box.addEventListener("change", () => { column.shown = box.checked; draw(); });
    byId("columns").append(element("label", {}, box, ` ${column.name}`));
  });
  byId("filter").addEventListener("input", (event) => {
    state.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    state.page = 0;
    draw();
  });
  byId("status").addEventListener("change", (event) => { state.status = event.target.value; state.page = 0; draw(); });
  byId("previous").addEventListener("click", () => { state.page -= 1; draw(); });
  byId("next").addEventListener("click", () => { state.page += 1; draw(); });
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("controls").hidden = total === 0;

  // ---- a link to a run opens its row
  const goTo = () => {
    const digest = decodeURIComponent(location.hash.match(/^#run-(.+)$/)?.[1] ?? "");
    if (!digest) return;
    if (!rows.some((row) => row[at.digest] === digest)) {
      if (rowFiles.length) allLoaded().then(goTo).catch(failed);
      return;
    }
    Object.assign(state, { words: [], status: "" });
    byId("filter").value = byId("status").value = "";
    state.open.add(digest);
    state.page = Math.floor(found().findIndex((i) => rows[i][at.digest] === digest) / PER_PAGE);
    draw();
    byId(`run-${digest}`).scrollIntoView();
  };
  draw();
  window.addEventListener("hashchange", goTo);
  goTo();
})();
