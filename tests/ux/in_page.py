"""What tests of the page ask inside it. It looks; only CONTROLS writes, a number on each control."""

from __future__ import annotations

COLOURS = """
    const parse = c => c.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = e => { for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
        return [255, 255, 255]; };
    const ratio = (one, other) => {
        const [a, b] = [light(one), light(other)];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };
"""  # WCAG 2.2, relative luminance and contrast ratio

CONTRAST = (
    "() => {"
    + COLOURS
    + """
    const bad = [];
    for (const e of document.querySelectorAll('body *')) {
        if (e.closest('svg, script') || !e.checkVisibility()) continue;
        if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
        const found = ratio(parse(getComputedStyle(e).color), behind(e));
        if (found < 4.5) bad.push([found.toFixed(2), e.tagName, e.className, e.textContent.trim().slice(0, 30)]);
    }
    return bad;
}"""
)

EDGES = (
    "() => {"
    + COLOURS
    + """
    const bad = [];
    const check = (e, what, colour, ground) => {
        const found = ratio(parse(colour), ground);
        if (found < 3) bad.push([what, found.toFixed(2), e.outerHTML.slice(0, 80)]);
    };
    for (const e of document.querySelectorAll('input[type=text], select, textarea, button, .button, .segment span')) {
        if (!e.checkVisibility()) continue;
        const style = getComputedStyle(e), ground = behind(e.parentElement);
        const own = parse(style.backgroundColor);
        const chosen = e.matches('.primary, [aria-pressed], :checked + span');
        const filled = chosen && own[3] !== 0 && light(own) !== light(ground);
        if (filled) check(e, 'area', style.backgroundColor, ground);
        else if (parseFloat(style.borderTopWidth)) check(e, 'edge', style.borderTopColor, ground);
    }
    for (const e of document.querySelectorAll('#tier .shape :is(path, circle), .meter rect, .range, rect.share')) {
        const style = getComputedStyle(e);
        check(e, 'drawn', style.fill === 'none' ? style.stroke : style.fill, behind(e.closest('svg')));
    }
    return bad;
}"""
)  # WCAG 2.2, success criterion 1.4.11

TARGETS = """() => {
    const found = [];
    for (const e of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')) {
        if (!e.checkVisibility({visibilityProperty: true}) || e.matches('.skip')) continue;
        const target = e.matches('[type=checkbox]') ? e.closest('label') : e;
        const box = target.getBoundingClientRect();
        found.push([Math.min(box.width, box.height), e.outerHTML.slice(0, 90)]);
    }
    return found;
}"""

SPILLS = """() => {
    const bad = [];
    const wide = document.documentElement.scrollWidth;
    if (wide > innerWidth) bad.push(['sideways', wide]);
    for (const e of document.querySelectorAll('body *')) {
        if (!e.checkVisibility() || e.closest('svg, .live, .skip, .scroll')) continue;
        const style = getComputedStyle(e);
        const hides = style.overflowX !== 'visible' && !['form', 'textarea', 'select', 'input'].includes(e.localName);
        const wider = e.scrollWidth > e.clientWidth + 1, higher = e.scrollHeight > e.clientHeight + 1;
        if (hides && (wider || higher)) bad.push(['clipped', e.outerHTML.slice(0, 80)]);
        if (wider && e.matches('button, .button, .segment span, .watermark, .to-answer, summary'))
            bad.push(['spills', e.outerHTML.slice(0, 80)]);
    }
    const before = e => ['sticky', 'fixed'].includes(getComputedStyle(e).position);
    const apart = [...document.querySelectorAll('.banner, .reach, .not-current, .banner > .buttons')].filter(before);
    const lines = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n; (n = walk.nextNode());) {
        const e = n.parentElement;
        if (!n.data.trim() || !e.checkVisibility() || apart.some(it => it.contains(e))) continue;
        if (e.closest('svg, .live, .skip, script, option, textarea')) continue;
        const range = document.createRange();
        range.selectNodeContents(n);
        for (const r of range.getClientRects()) if (r.width > 1) lines.push([r.left, r.top, r.right, r.bottom, n]);
    }
    lines.sort((a, b) => a[1] - b[1]);
    // Boxes of lines may touch by their leading; a third of a line is text upon text.
    lines.forEach((a, i) => { for (let j = i + 1; j < lines.length && lines[j][1] < a[3]; j++) {
        const b = lines[j];
        const high = Math.min(a[3], b[3]) - b[1], across = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
        if (a[4] !== b[4] && across > 2 && high > Math.min(a[3] - a[1], b[3] - b[1]) / 3)
            bad.push(['overlaps', a[4].data.trim().slice(0, 40), b[4].data.trim().slice(0, 40)]);
    }});
    return bad;
}"""

SPACED = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
        * { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
        p { margin-bottom: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
}"""  # WCAG 2.2, success criterion 1.4.12

# All that the Tab key must reach, as an independent list: what HTML makes focusable and what is on the page.
CONTROLS = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
    .filter(e => e.type !== 'hidden' && e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}))
    .filter(e => e.type !== 'radio' || e.checked)
    .map(e => { e.dataset.stop ??= String(document.stops = (document.stops ?? 0) + 1); return e.dataset.stop; })"""

STOP = (
    "() => {"
    + COLOURS
    + """
    const it = document.activeElement;
    if (!it || it === document.body) return null;
    const drawn = it.matches('.segment input') ? it.nextElementSibling : it;
    const box = drawn.getBoundingClientRect();
    const style = getComputedStyle(drawn);
    const fixed = [...document.querySelectorAll('.banner, .reach, .banner > .buttons, .not-current')]
        .filter(e => e.checkVisibility() && !e.contains(it));
    const hit = [[.5, .5], [.05, .1], [.95, .1], [.05, .9], [.95, .9]]
        .map(([x, y]) => document.elementFromPoint(box.x + box.width * x, box.y + box.height * y));
    return {
        stop: it.dataset.stop ?? null, name: it.id || it.name || it.textContent.trim().slice(0, 40),
        order: [...document.querySelectorAll('*')].indexOf(it),
        width: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
        ratio: ratio(parse(style.outlineColor), behind(drawn.parentElement)),
        onScreen: box.bottom > 0 && box.top < innerHeight && box.height > 0,
        under: fixed.some(f => hit.some(h => h && f.contains(h))),
    };
}"""
)
