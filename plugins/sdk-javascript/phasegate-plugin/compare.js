// The shortest list of changes between two lists, found from both ends at once so that memory stays linear (E. W.
// Myers, 1986).

/**
 * The most pairs of elements that are compared. Beyond it, everything between the first and the last change counts as
 * changed.
 */
const MAX_PAIRS = 25_000_000;

/** Returns the ranges that differ, `{ old: { start, end }, new: { start, end } }`, in their order. */
export function changes(old, next) {
  const removed = new Uint8Array(old.length);
  const added = new Uint8Array(next.length);
  const box = trimmed(old, next, { oldStart: 0, oldEnd: old.length, newStart: 0, newEnd: next.length });
  if ((box.oldEnd - box.oldStart) * (box.newEnd - box.newStart) > MAX_PAIRS) {
    mark(box, removed, added);
  } else {
    compare(old, next, box, removed, added);
    slide(next, added);
  }
  return ranges(removed, added);
}

function compare(old, next, given, removed, added) {
  const boxes = [given];
  while (boxes.length > 0) {
    const box = trimmed(old, next, boxes.pop());
    if (box.oldStart === box.oldEnd || box.newStart === box.newEnd) {
      mark(box, removed, added);
    } else {
      const { x, y } = middle(old, next, box);
      boxes.push({ ...box, oldEnd: x, newEnd: y }, { ...box, oldStart: x, newStart: y });
    }
  }
}

/** Returns the box without what both lists have in common at its start and its end. */
function trimmed(old, next, { oldStart, oldEnd, newStart, newEnd }) {
  while (oldStart < oldEnd && newStart < newEnd && old[oldStart] === next[newStart]) {
    oldStart++;
    newStart++;
  }
  while (oldStart < oldEnd && newStart < newEnd && old[oldEnd - 1] === next[newEnd - 1]) {
    oldEnd--;
    newEnd--;
  }
  return { oldStart, oldEnd, newStart, newEnd };
}

function mark({ oldStart, oldEnd, newStart, newEnd }, removed, added) {
  removed.fill(1, oldStart, oldEnd);
  added.fill(1, newStart, newEnd);
}

/** Returns a point on a shortest path through the box, where the paths from its start and from its end meet. */
function middle(old, next, { oldStart, oldEnd, newStart, newEnd }) {
  const width = oldEnd - oldStart;
  const height = newEnd - newStart;
  const delta = width - height;
  const most = Math.ceil((width + height) / 2) + 1;
  const forward = new Int32Array(2 * most + 2);
  const backward = new Int32Array(2 * most + 2);
  const isInside = (x, k) => x <= width && x - k >= 0 && x - k <= height;
  const same = (x, y) => old[oldStart + x] === next[newStart + y];
  for (let cost = 0; cost <= most; cost++) {
    for (let k = cost; k >= -cost; k -= 2) {
      let x = furthest(forward, most, k, cost);
      const from = { x: oldStart + x, y: newStart + x - k };
      while (x < width && x - k < height && same(x, x - k)) x++;
      forward[most + k] = x;
      const reverse = delta - k;
      const isMeeting = delta % 2 !== 0 && Math.abs(reverse) < cost && isInside(x, k);
      if (isMeeting && x + backward[most + reverse] >= width) return from;
    }
    for (let k = cost; k >= -cost; k -= 2) {
      let x = furthest(backward, most, k, cost);
      while (x < width && x - k < height && same(width - 1 - x, height - 1 - (x - k))) x++;
      backward[most + k] = x;
      const reverse = delta - k;
      const isMeeting = delta % 2 === 0 && Math.abs(reverse) <= cost && isInside(x, k);
      if (isMeeting && x + forward[most + reverse] >= width) {
        return { x: oldEnd - x, y: newEnd - (x - k) };
      }
    }
  }
  return { x: oldEnd, y: newStart };
}

/** Returns how far one more step leads on a diagonal. */
function furthest(reached, most, k, cost) {
  if (cost === 0) return 0;
  const isDown = k === -cost || (k !== cost && reached[most + k - 1] < reached[most + k + 1]);
  return isDown ? reached[most + k + 1] : reached[most + k - 1] + 1;
}

/** Moves each run of additions up and then down as far as the elements allow, so that it joins its neighbours. */
function slide(elements, marks) {
  let start = marks.indexOf(1);
  while (start >= 0) {
    let end = start;
    while (marks[end] === 1) end++;
    while (start > 0 && elements[start - 1] === elements[end - 1]) {
      marks[--start] = 1;
      marks[--end] = 0;
      while (marks[start - 1] === 1) start--;
    }
    while (end < elements.length && elements[start] === elements[end]) {
      marks[start++] = 0;
      marks[end++] = 1;
      while (marks[end] === 1) end++;
    }
    start = marks.indexOf(1, end);
  }
}

function ranges(removed, added) {
  const found = [];
  let old = 0;
  let next = 0;
  while (old < removed.length || next < added.length) {
    const change = { old: { start: old, end: old }, new: { start: next, end: next } };
    while (removed[old] === 1) change.old.end = ++old;
    while (added[next] === 1) change.new.end = ++next;
    if (change.old.end > change.old.start || change.new.end > change.new.start) found.push(change);
    else {
      old++;
      next++;
    }
  }
  return found;
}
