"""How far an explanation may be believed: faithfulness, sanity of model and method, and lines known to be at fault."""
