export default function handler(req, res) {
  res.json({ by: 'javascript', route: 'mix/[a]/static', query: req.query, seen: Object.keys(req.headers) })
}
