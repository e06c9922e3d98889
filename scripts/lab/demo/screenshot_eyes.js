// What a person sees of a page: the texts that are shown, through all shadow roots.
globalThis.eyes = (() => {
  // A blinking cursor would make each picture another.
  addEventListener("DOMContentLoaded", () => {
    document.documentElement.style.caretColor = "transparent";
  });

  // A label's text does not lie in the field that a click on it gets to, but close to it.
  const CLOSE = 8;

  const parentOf = (node) => node.assignedSlot ?? node.parentNode ?? node.host;

  function* nodes(root) {
    for (const child of [...(root.shadowRoot?.childNodes ?? []), ...root.childNodes]) {
      yield child;
      yield* nodes(child);
    }
  }

  function* ancestors(node) {
    for (let one = node; one; one = parentOf(one)) yield one;
  }

  const neat = (text) => (text ?? "").replace(/\s+/g, " ").trim();

  // A text node has no box of its own, a range around it has.
  function box(node) {
    if (node.nodeType === Node.ELEMENT_NODE) return node.getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  }

  // The nearest element around a node that has a box: slots mostly have none.
  function holder(node) {
    for (const one of ancestors(node)) {
      if (one instanceof Element && getComputedStyle(one).display !== "contents") return one;
    }
    return null;
  }

  function isShown(node) {
    const { width, height } = box(node);
    if (width <= 0 || height <= 0) return false;
    const asked = { opacityProperty: true, visibilityProperty: true };
    return holder(node)?.checkVisibility(asked) ?? false;
  }

  function topAt(x, y) {
    let top = document.elementFromPoint(x, y);
    while (top?.shadowRoot) {
      const inner = top.shadowRoot.elementFromPoint(x, y);
      if (!inner || inner === top) break;
      top = inner;
    }
    return top;
  }

  // Whether a click there gets to the node, or to something close around it.
  function isFree(node, x, y) {
    const hit = [...ancestors(topAt(x, y))];
    const near = new Set([...ancestors(node)].slice(0, CLOSE));
    return hit.includes(node) || hit.slice(0, CLOSE).some((one) => near.has(one));
  }

  // "a >> b" means within a b that is within an a, through all shadow roots.
  function isWithin(node, selectors) {
    const wanted = selectors ? selectors.split(" >> ") : [];
    for (const one of ancestors(node)) {
      if (wanted.length && one.matches?.(wanted.at(-1))) wanted.pop();
    }
    return !wanted.length;
  }

  function labels(node) {
    if (node.nodeType === Node.TEXT_NODE) return [node.nodeValue];
    if (node.nodeType !== Node.ELEMENT_NODE) return [];
    return ["aria-label", "title", "label"].map((name) => node.getAttribute(name));
  }

  // What must not be left empty has an asterisk in its label.
  const isLabel = (label, text) => neat(label).replace(/ ?\*$/, "") === text;

  // Nodes that show a text, or are labelled with it.
  function* named(text, within) {
    for (const node of nodes(document)) {
      if (labels(node).some((label) => isLabel(label, text)) && isWithin(node, within)) yield node;
    }
  }

  function* matching(selectors, within) {
    const around = [within, selectors].filter(Boolean).join(" >> ").split(" >> ");
    const own = around.pop();
    for (const node of nodes(document)) {
      if (node.matches?.(own) && isShown(node) && isWithin(node, around.join(" >> "))) yield node;
    }
  }

  // Where to click to meet one of these, once it stands still in the viewport.
  let last = "";
  function place(candidates, index) {
    const shown = [...candidates].filter(isShown);
    const node = shown.at(index);
    if (!node) return null;
    let { x, y, width, height } = box(node);
    if (y < 0 || x < 0 || y + height > innerHeight || x + width > innerWidth) {
      holder(node).scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
      ({ x, y, width, height } = box(node));
    }
    const middle = { x: x + width / 2, y: y + height / 2 };
    const now = JSON.stringify(middle);
    const stands = now === last;
    last = now;
    return stands && isFree(node, middle.x, middle.y) ? middle : null;
  }

  return {
    text: (within) => {
      const parts = [];
      for (const node of nodes(document)) {
        if (node.nodeType === Node.TEXT_NODE && isShown(node) && isWithin(node, within)) {
          parts.push(neat(node.nodeValue));
        }
      }
      return parts.filter(Boolean).join(" ");
    },
    placeOf: (text, within, index) => place(named(text, within), index ?? 0),
    placeOfElement: (selector, within, index) => place(matching(selector, within), index ?? 0),
    // The smallest area around all that matches.
    area: (selectors) => {
      const boxes = selectors.flatMap((one) => [...matching(one)].map(box));
      if (!boxes.length) return null;
      const x = Math.min(...boxes.map((one) => one.left));
      const y = Math.min(...boxes.map((one) => one.top));
      const right = Math.max(...boxes.map((one) => one.right));
      const bottom = Math.max(...boxes.map((one) => one.bottom));
      return { x, y, width: right - x, height: bottom - y };
    },
  };
})();
