"""Messages to people: e-mail and SMS, sent by the job queue after the change that caused them."""

from headgate_kernel.notify.messages import Message, send_message
from headgate_kernel.notify.sending import send_now

__all__ = ["Message", "send_message", "send_now"]
