const ITEMS = Array.from({ length: 75 }, (_, id) => ({ id, name: `item ${id}` }));

// Next.js makes the tag of every such body, and the 304, itself.
export default async function handler(req, res) {
  res.status(200).json({ items: ITEMS });
}
