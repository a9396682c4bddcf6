export default function handler(req, res) {
  res.json({ by: 'javascript', route: 'post/[pid]/comments', query: req.query, seen: Object.keys(req.headers) })
}
