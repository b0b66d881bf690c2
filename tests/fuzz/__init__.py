"""What strangers can send, damaged: bytes in, and nothing but the documented errors out."""
