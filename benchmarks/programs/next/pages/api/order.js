// Next.js has no types for bodies at run time: every field is looked at by hand.
export default async function handler(req, res) {
  if (req.method !== "POST") {
    res.setHeader("Allow", "POST");
    return res.status(405).end();
  }
  try {
    return res.status(200).json(checkOrder(req.body));
  } catch (error) {
    return res.status(400).json({ error: error.message });
  }
}

function checkOrder({ id, customer, items, note, paid, created }) {
  check(Number.isInteger(id), "id");
  check(typeof customer?.name === "string", "customer.name");
  check(typeof customer.email === "string", "customer.email");
  check(Array.isArray(items), "items");
  check(typeof note === "string", "note");
  check(typeof paid === "boolean", "paid");
  check(typeof created === "string", "created");
  return { id, customer: { name: customer.name, email: customer.email }, items: items.map(checkItem), note, paid, created };
}

function checkItem({ sku, quantity, price }, index) {
  check(typeof sku === "string", `items[${index}].sku`);
  check(Number.isInteger(quantity) && quantity >= 1, `items[${index}].quantity`);
  check(typeof price === "number", `items[${index}].price`);
  return { sku, quantity, price };
}

function check(holds, name) {
  if (!holds) throw new TypeError(`${name} is wrong`);
}
