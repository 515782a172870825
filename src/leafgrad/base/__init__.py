"""What everything else stands on: messages, the thread's state, handles.  Knows neither tensors nor values."""
