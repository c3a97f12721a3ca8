"""Invoices, contracts and receipts as a company has them: many layouts and wordings, drawn with a seed."""

import random
from collections.abc import Callable, Mapping, Sequence

FIRMS = (
    "Northwind Tools Ltd", "Blue Harbour Catering", "Kestrel Print GmbH", "Delgado & Sons", "Fjord Freight AS",
    "Maple Street Bakery", "Orion Software Inc.", "Tanaka Optics KK", "Riverside Plumbing", "Sahara Travel Agency",
)  # fmt: skip
PEOPLE = ("A. Moreau", "Priya Nair", "J. Lindqvist", "Tomas Novak", "Ruth Okafor", "Li Wei", "Carla Rossi", "Sam Hill")
CITIES = ("Lyon", "Bergen", "Leeds", "Graz", "Porto", "Osaka", "Denver", "Utrecht", "Cork", "Perth")
MONTHS = ("January", "March", "April", "June", "July", "September", "October", "December")
SERVICES = (
    "on-site maintenance of lathes", "translation of the user manual", "hosting and backup", "freight to the port",
    "redesign of the product catalogue", "safety inspection", "twelve pallets of copy paper", "calibration of sensors",
    "photography for the spring range", "replacement of pumps", "annual software licence", "design of a trade stand",
)  # fmt: skip
GOODS = (
    "espresso", "rye bread", "AA batteries x4", "umbrella", "notebook A5", "chicken wrap", "bus ticket", "shampoo",
    "screwdriver set", "orange juice 1l", "light bulb E27", "birthday card", "paracetamol", "dog food 2kg", "USB cable",
)  # fmt: skip
CLAUSES = (
    "Either party may terminate this agreement by giving {number} days' written notice to the other.",
    "The supplier shall keep all information received from the client confidential during the term and for {number} "
    "months thereafter.",
    "This agreement is governed by the law of the country in which {city} lies, and its courts have jurisdiction.",
    "Neither party is liable for delay caused by events beyond its reasonable control.",
    "All intellectual property created in the course of the services passes to the client upon full payment.",
    "The contractor warrants that the services will be performed with due skill and care.",
    "Amendments to this contract are valid only in writing and when signed by both parties.",
    "The initial term is {number} months and is renewed for a year unless a party objects.",
    "Should a provision be held invalid, the remaining provisions stay in force.",
    "The parties shall try to settle disputes amicably before they go to arbitration in {city}.",
    "The tenant shall return the premises in the state in which they were handed over.",
    "The employee is entitled to {number} days of paid leave in each calendar year.",
)
KINDS = ("invoice", "contract", "receipt")


def company_document(kind: str, seed: int) -> str:
    """The words of one document; the same kind and seed give the same words, others give other words."""
    return WRITERS[kind](random.Random(f"{kind} {seed}"))


def _invoice(chance: random.Random) -> str:
    seller, buyer = chance.sample(FIRMS, 2)
    lines = [f"{service}: {_money(chance, 90, 4000)}" for service in chance.sample(SERVICES, chance.randint(1, 4))]
    number = chance.choice(("Invoice no. {0}", "INVOICE {0}", "Tax invoice {0}", "Rechnung / Invoice {0}"))
    terms = chance.choice(
        (
            "Payable within {0} days by bank transfer.",
            "Please remit the amount due to the account below by the due date. Terms: net {0}.",
            "Payment terms: {0} days net. Interest is charged on overdue invoices.",
            "We kindly ask you to settle this invoice within {0} days.",
        )
    ).format(chance.choice((14, 30, 45, 60)))
    head = [seller, number.format(chance.randint(1000, 99999)), f"Bill to: {buyer}, {chance.choice(CITIES)}"]
    body = [f"Billing period: {chance.choice(MONTHS)}", *lines]
    due = f"{chance.choice(('Amount due', 'Total due', 'Balance payable'))}: {_money(chance, 500, 9000)}"
    tail = [f"VAT {chance.choice((7, 19, 20, 25))}% included.", due, terms]
    return "\n".join([*_shuffled(chance, head), *body, *_shuffled(chance, tail), *_bank(chance)])


def _contract(chance: random.Random) -> str:
    one, two = chance.sample(FIRMS, 2)
    title = chance.choice(("Service Agreement", "Framework Contract", "Lease Agreement", "Employment Contract"))
    opening = chance.choice(
        (
            "This {title} is made in {city} between {one} (the supplier) and {two} (the client).",
            "{one} and {two}, together the parties, agree as follows. {title}, {city}.",
            "{title}\nWHEREAS {one} offers {service}, and {two} wishes to obtain it, the parties have agreed:",
        )
    ).format(title=title, one=one, two=two, city=chance.choice(CITIES), service=chance.choice(SERVICES))
    chosen = chance.sample(CLAUSES, chance.randint(4, 7))
    clauses = [
        f"{chance.choice(('§', 'Clause ', 'Article '))}{number}. "
        + clause.format(number=chance.randint(2, 48), city=chance.choice(CITIES))
        for number, clause in enumerate(chosen, start=1)
    ]
    signed = f"Signed in {chance.choice(CITIES)}: {' and '.join(chance.sample(PEOPLE, 2))}"
    return "\n".join([opening, *clauses, signed])


def _receipt(chance: random.Random) -> str:
    goods = chance.sample(GOODS, chance.randint(2, 6))
    lines = [f"{chance.randint(1, 3)} x {good}  {_money(chance, 1, 40)}" for good in goods]
    paid = chance.choice(
        (
            "Paid by card ending {0}. Approved.",
            "CASH tendered, change given. Till {0}",
            "Contactless payment received, terminal {0}",
            "Mobile pay OK ref {0}",
        )
    ).format(chance.randint(1000, 9999))
    thanks = chance.choice(
        ("Thank you for shopping with us!", "Please keep this receipt for returns.", "Have a nice day, see you soon.")
    )
    shop = f"{chance.choice(FIRMS)} - {chance.choice(('store', 'kiosk', 'counter', 'shop'))} {chance.choice(CITIES)}"
    time = f"{chance.choice(MONTHS)} {chance.randint(1, 28)}, {chance.randint(8, 21)}:{chance.randint(10, 59)}"
    served = f"You were served by {chance.choice(PEOPLE)}"
    head = [shop, *_shuffled(chance, [time, served])]
    return "\n".join([*head, *lines, f"TOTAL {_money(chance, 5, 120)}", paid, thanks])


WRITERS: Mapping[str, Callable[[random.Random], str]] = {
    "invoice": _invoice,
    "contract": _contract,
    "receipt": _receipt,
}


def _money(chance: random.Random, least: int, most: int) -> str:
    amount = chance.uniform(least, most)
    return chance.choice(("{0:.2f} EUR", "${0:,.2f}", "£{0:.2f}", "{0:.0f} kr")).format(amount)


def _bank(chance: random.Random) -> list[str]:
    return [f"IBAN {chance.randint(10**15, 10**16)}"] if chance.random() < 0.5 else []


def _shuffled(chance: random.Random, lines: Sequence[str]) -> list[str]:
    return chance.sample(lines, len(lines))
