export default async function handler(req, res) {
  const { pid, page } = req.query;
  res.status(200).json({ pid, page, sid: req.cookies.sid, trace: req.headers["x-trace"] });
}
