export default function handler(req, res) {
  res.json({ by: 'javascript', route: 'opt/known', query: req.query, seen: Object.keys(req.headers) })
}
