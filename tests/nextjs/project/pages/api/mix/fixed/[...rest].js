export default function handler(req, res) {
  res.json({ by: 'javascript', route: 'mix/fixed/[...rest]', query: req.query, seen: Object.keys(req.headers) })
}
