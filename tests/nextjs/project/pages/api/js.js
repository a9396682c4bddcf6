export default function handler(req, res) {
  res.json({ by: 'javascript', route: 'js', query: req.query, seen: Object.keys(req.headers) })
}
