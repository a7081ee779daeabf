// Comforts on top of pages that work without them: copying, local times, shortcuts.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);

  // Copying. The clipboard interface exists on https and localhost only; elsewhere a hidden field does the work.
  const copyByField = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.readOnly = true;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyByField(text);
    }
  };
  for (const button of all("[data-copy]")) {
    const label = button.querySelector("span");
    const before = label.textContent;
    let timer = 0;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(button.dataset.copy);
      button.focus();
      label.textContent = done ? "Copied" : "Not copied";
      byId("said").textContent = label.textContent;
      clearTimeout(timer);
      timer = setTimeout(() => {
        label.textContent = before;
        byId("said").textContent = "";
      }, 2000);
    });
  }

  // The address of a link that was just made is selected, ready for the keyboard.
  const made = document.querySelector(".flash .copy-text");
  if (made) getSelection().selectAllChildren(made);

  // Times in the reader's own zone; the UTC text stays in the title.
  const date = { day: "numeric", month: "short", year: "numeric" };
  const shapes = {
    day: new Intl.DateTimeFormat("en-GB", date),
    minute: new Intl.DateTimeFormat("en-GB", { ...date, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  };
  for (const time of all("time[data-show]")) {
    const at = new Date(time.dateTime);
    if (!isNaN(at)) time.textContent = shapes[time.dataset.show].format(at);
  }

  // A time is typed in the reader's own zone and sent in UTC. What was not touched is sent as it came: in the hour that
  // a zone has twice it would move.
  for (const field of all("input[data-utc]")) {
    if (field.type !== "datetime-local") continue;
    const minute = (at) => (isNaN(at) ? "" : new Date(at).toISOString().slice(0, 16));
    const sent = document.createElement("input");
    Object.assign(sent, { type: "hidden", name: field.name, value: field.defaultValue });
    const at = new Date(field.defaultValue + "Z");
    field.value = minute(at - at.getTimezoneOffset() * 60_000);
    field.removeAttribute("name");
    field.after(sent);
    field.addEventListener("input", () => (sent.value = minute(Date.parse(field.value))));
    const label = field.labels[0].firstChild;
    label.data = label.data.replace("UTC", "your time");
  }

  // Clicks while they happen. Only for a page that is seen: a browser keeps few connections to one server.
  const tiles = document.querySelector("[data-live]");
  if (tiles) {
    // The page shows numbers of a range and knows those of all time; what is told is of all time. What has come since
    // is in any range, since all of them end now.
    const numbers = all(".live", tiles);
    const toNumbers = (text) => text.replaceAll(",", "").split(" ").map(Number);
    const shown = numbers.map((number) => toNumbers(number.textContent)[0]);
    const before = toNumbers(tiles.dataset.told);
    let events;
    const told = (event) => {
      const since = toNumbers(event.data).map((now, at) => now - before[at]);
      if (since.every((more) => more === 0)) return;
      numbers.forEach((number, at) => (number.textContent = (shown[at] + since[at]).toLocaleString("en-GB")));
      tiles.querySelector(".tile-text").textContent = "just now";
      byId("none")?.remove();
      byId("more").hidden = false;
      byId("said").textContent = "There are new clicks.";
    };
    const watch = () => {
      events?.close();
      events = document.hidden ? undefined : new EventSource(tiles.dataset.live);
      events?.addEventListener("message", told);
    };
    document.addEventListener("visibilitychange", watch);
    addEventListener("pagehide", () => events?.close());
    watch();
  }

  // The setup code comes after "#", so that no access log ever has it.
  const code = byId("code");
  const takeCode = () => {
    if (code && /^#[a-z0-9]+(-[a-z0-9]+)+$/i.test(location.hash)) {
      code.value = location.hash.slice(1);
      byId("username")?.focus();
      history.replaceState(null, "", location.pathname + location.search);
    }
  };
  takeCode();
  // A newer link that is opened in this tab changes nothing but the part after #.
  addEventListener("hashchange", takeCode);

  // A name shows in the sample address while it is typed.
  for (const mirror of all("[data-mirror]")) {
    const field = byId(mirror.dataset.mirror);
    const sample = mirror.textContent;
    const show = () => (mirror.textContent = field.value.trim().toLowerCase() || sample);
    field.addEventListener("input", show);
    show();
  }

  // One menu at a time; Escape and a click elsewhere close it.
  const closeMenus = (except) => {
    for (const menu of all("details.menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (!menu) return;
    closeMenus();
    menu.querySelector("summary").focus();
  });

  // Single-key shortcuts, off in fields, and off altogether where somebody has said so on the profile page.
  const shortcuts = {
    get on() {
      try {
        return localStorage.getItem("shortcuts") !== "off";
      } catch {
        return true;
      }
    },
    set on(on) {
      try {
        localStorage.setItem("shortcuts", on ? "on" : "off");
      } catch {
        // A browser that stores nothing keeps the default.
      }
    },
  };
  const choice = byId("shortcuts-on");
  if (choice) {
    byId("shortcuts").hidden = false;
    choice.checked = shortcuts.on;
    choice.addEventListener("change", () => (shortcuts.on = choice.checked));
  }
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !shortcuts.on) return;
    if (event.key === "/" && byId("search")) {
      event.preventDefault();
      byId("search").select();
      byId("search").focus();
    }
    if (event.key === "n" && document.body.hasAttribute("data-signed-in")) location.assign("/links/new");
  });

  // Some browsers give autofocus to form fields only.
  document.querySelector(".summary")?.focus();
})();
