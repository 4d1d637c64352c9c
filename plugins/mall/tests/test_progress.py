from datetime import UTC, datetime, timedelta

import pytest
from headgate_mall.progress import progress_of
from headgate_sdk.money import Money
from headgate_sdk.workflow import ActorRef, Cause, Instance, MilestoneView, StepView
from headgate_trade.api import OrderDetail, OrderSummary

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def step(
    name, state, *, permission="trade.orders.ship", at=None, who="", role="Warehouse", blocked="", note=""
):
    return StepView(
        step=name, name=name, phase="pre_receipt", state=state, kind="task", icon="truck", actor_role=role,
        permission=permission, actor_name=who, at=at, blocked=blocked, note=note,
    )  # fmt: skip


@pytest.fixture
def make_order(make_sku):
    def make(*steps, state="open", earlier=(), cancelled=None, milestones=()):
        order_id = make_sku().id
        summary = OrderSummary(
            id=order_id, number="1", customer_id=order_id, customer_name="店", placed_at=START,
            total=Money(100, "CNY"), line_count=1, state=state, stage="placed", waiting_for=(),
            waiting_steps=(), age=timedelta(), source="mall", reference="",
        )  # fmt: skip
        flow = Instance(
            subject_id=order_id, state=state, version=1, seq=7, milestones=tuple(milestones), steps=steps,
            earlier=tuple(earlier), cancelled=cancelled,
        )  # fmt: skip
        return OrderDetail(summary=summary, lines=(), flow=flow, note="", address="", placed_by_name="王建国")

    return make


def progress(order, *permissions):
    return progress_of(order, permissions.__contains__, str.upper)


def test_the_timeline_starts_with_who_placed_it_and_when(make_order):
    first = progress(make_order(step("outbound", "open"))).entries[0]
    assert (first.label, first.who, first.at, first.state) == ("ORDER PLACED", "王建国", START, "done")


def test_a_done_step_tells_name_role_time_and_note(make_order):
    done = step("outbound", "done", who="赵强", at=START, note="两箱")
    entry = progress(make_order(done)).entries[1]
    assert (entry.label, entry.who, entry.at, entry.note) == ("OUTBOUND", "赵强 · WAREHOUSE", START, "两箱")


def test_what_a_rejection_made_void_stays_in_the_history(make_order):
    refused = step("sales", "rejected", who="李敏", at=START, note="价格不对")
    shown = progress(make_order(step("sales", "open"), earlier=[refused]))
    assert [entry.state for entry in shown.entries] == ["done", "stop", "now"]


def test_only_open_steps_with_the_buyers_permission_are_the_buyers(make_order):
    order = make_order(
        step("ship", "open"),
        step("receive", "open", permission="trade.orders.receive"),
        step("rate", "waiting", permission="trade.orders.receive"),
    )
    shown = progress(order, "trade.orders.receive")
    assert [one.step for one in shown.next] == ["ship", "receive"]
    assert [one.step for one in shown.mine] == ["receive"]


def test_a_step_whose_plugin_is_off_is_shown_but_offered_to_nobody(make_order):
    shown = progress(make_order(step("pay", "open", blocked="payments")), "trade.orders.ship")
    assert (len(shown.next), shown.mine) == (1, ())


def test_a_cancelled_order_tells_why_and_promises_nothing_more(make_order):
    cause = Cause(ActorRef("王建国", "customer", "Buyer"), START, 4, "订错了")
    order = make_order(step("sales", "done"), step("ship", "open"), step("receive", "waiting"),
                       state="cancelled", cancelled=cause)  # fmt: skip
    shown = progress(order, "trade.orders.ship")
    assert [entry.label for entry in shown.entries] == ["ORDER PLACED", "SALES", "CANCELLED"]
    assert (shown.entries[-1].note, shown.next, shown.live) == ("订错了", (), False)


def test_a_completed_order_ends_with_the_time_of_its_last_milestone(make_order):
    milestones = [
        MilestoneView("received", "Received", START),
        MilestoneView("completed", "Completed", START),
    ]
    shown = progress(make_order(step("receive", "done"), state="completed", milestones=milestones))
    assert (shown.entries[-1].label, shown.entries[-1].at, shown.live) == ("COMPLETED", START, False)
