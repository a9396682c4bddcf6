export default function handler(req, res) {
  res.json({ by: 'javascript', route: 'mix/[a]/[b]', query: req.query, seen: Object.keys(req.headers) })
}
