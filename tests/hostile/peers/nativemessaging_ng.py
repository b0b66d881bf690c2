"""A native host on nativemessaging-ng as its README shows one: it sends each message back."""

import nativemessaging

while True:
    message = nativemessaging.get_message()
    nativemessaging.send_message(message)
