export default function handler(req, res) {
  res.json({ by: 'javascript', route: 'post/create', query: req.query, seen: Object.keys(req.headers) })
}
