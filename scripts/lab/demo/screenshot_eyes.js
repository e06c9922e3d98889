// What a person sees of a page: the texts that are shown, through all shadow roots.
globalThis.eyes = (() => {
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

  const isShown = (node) => {
    const element = node.nodeType === Node.ELEMENT_NODE ? node : parentOf(node);
    const { width, height } = box(node);
    return (
      width > 0 && height > 0 &&
      (element.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) ?? true)
    );
  };

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
    const near = new Set([...ancestors(node)].slice(0, 8));
    return [...ancestors(topAt(x, y))].slice(0, 8).some((one) => near.has(one));
  }

  const isWithin = (node, selector) =>
    !selector || [...ancestors(node)].some((one) => one.matches?.(selector));

  const labels = (node) =>
    node.nodeType === Node.TEXT_NODE
      ? [node.nodeValue]
      : node.nodeType === Node.ELEMENT_NODE
        ? [node.getAttribute("aria-label"), node.getAttribute("title"), node.getAttribute("label")]
        : [];

  // Nodes that show a text, or are labelled with it.
  function* named(text, within) {
    for (const node of nodes(document)) {
      if (labels(node).some((label) => neat(label) === text) && isWithin(node, within)) yield node;
    }
  }

  function* matching(selector, within) {
    for (const node of nodes(document)) {
      if (node.matches?.(selector) && isShown(node) && isWithin(node, within)) yield node;
    }
  }

  // Where to click to meet one of these, once it stands still in the viewport.
  let last = "";
  function place(candidates, index) {
    const shown = [...candidates].filter(isShown);
    const node = shown.at(index);
    if (!node) return null;
    const element = node.nodeType === Node.ELEMENT_NODE ? node : parentOf(node);
    let { x, y, width, height } = box(node);
    if (y < 0 || x < 0 || y + height > innerHeight || x + width > innerWidth) {
      element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
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
    first: (selector, within) => matching(selector, within).next().value ?? null,
    // The elements around what has the focus, and what is in it: for finding one's way.
    tree: (within, depth = 40) => {
      const lines = [];
      for (const node of nodes(document)) {
        if (node.nodeType !== Node.ELEMENT_NODE || !isShown(node) || !isWithin(node, within)) continue;
        const level = [...ancestors(node)].length;
        const own = neat([...node.childNodes].filter((one) => one.nodeType === 3).map((one) => one.nodeValue).join(" "));
        if (level < depth) lines.push(" ".repeat(level % 40) + node.localName + (own ? `: ${own}` : ""));
      }
      return lines.join("\n");
    },
  };
})();
